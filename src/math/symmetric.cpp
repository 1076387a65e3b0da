#include "math/symmetric.hpp"

#include <cblas.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/scratch_arena.hpp"
#include "hourglass/core/error.hpp"

// LAPACK's own (Fortran) interface, which is part of OpenBLAS.
extern "C" void ssyevd_(const char* jobz, const char* uplo, const blasint* n, float* a,
                        const blasint* lda, float* w, float* work, const blasint* lwork,
                        blasint* iwork, const blasint* liwork, blasint* info);
extern "C" void spotrf_(const char* uplo, const blasint* n, float* a, const blasint* lda,
                        blasint* info);
extern "C" void spotri_(const char* uplo, const blasint* n, float* a, const blasint* lda,
                        blasint* info);
extern "C" void sgeqrf_(const blasint* m, const blasint* n, float* a, const blasint* lda,
                        float* tau, float* work, const blasint* lwork, blasint* info);
extern "C" void sorgqr_(const blasint* m, const blasint* n, const blasint* k, float* a,
                        const blasint* lda, const float* tau, float* work, const blasint* lwork,
                        blasint* info);

namespace hourglass {

namespace {

// LAPACK's blocks are at most this wide; a fixed size of its work array fixes the bits.
constexpr Index qr_block = 64;

blasint as_blas(Index value) {
  require(value <= std::numeric_limits<blasint>::max(),
          "a matrix is too large for the BLAS library");
  return static_cast<blasint>(value);
}

constexpr Index eigen_work(Index n) { return 1 + 6 * n + 2 * n * n; }
constexpr Index eigen_integers(Index n) { return 3 + 5 * n; }

void require_square(ConstMatrix a) {
  require(a.rows == a.columns && a.stride == a.columns, "a square matrix without gaps is expected");
}

// In tiles, each copied first: of a matrix whose stride is a power of two all rows of a column lie
// in the same few lines of the cache.
template <class T>
void mirror(MatrixView<T> c) {
  constexpr Index tile = 32;
  std::array<T, static_cast<std::size_t>(tile * tile)> copied;
  for (Index i = 0; i < c.rows; i += tile) {
    const Index end = std::min(i + tile, c.rows);
    for (Index j = 0; j <= i; j += tile) {
      for (Index k = j; k < std::min(j + tile, c.rows); ++k)
        std::copy_n(&c(k, i), end - i, copied.data() + (k - j) * tile);
      for (Index r = i; r < end; ++r) {
        const Index last = std::min(j + tile, r);
        for (Index k = j; k < last; ++k)
          c(r, k) = copied[static_cast<std::size_t>((k - j) * tile + r - i)];
      }
    }
  }
}

}  // namespace

void mirror_upper_triangle(Matrix c) { mirror(c); }

void mirror_upper_triangle(MatrixView<Bfloat16> c) { mirror(c); }

void upper_symmetric_product(bool transpose, float factor, ConstMatrix a, float beta, Matrix c) {
  const Index n = transpose ? a.columns : a.rows;
  const Index inner = transpose ? a.rows : a.columns;
  require(c.rows == n && c.columns == n, "the shapes of a symmetric product disagree");
  if (n == 0) return;
  cblas_ssyrk(CblasRowMajor, CblasUpper, transpose ? CblasTrans : CblasNoTrans, as_blas(n),
              as_blas(inner), factor, a.data, as_blas(std::max<Index>(a.stride, 1)), beta, c.data,
              as_blas(c.stride));
}

void symmetric_product(bool transpose, float factor, ConstMatrix a, float beta, Matrix c) {
  upper_symmetric_product(transpose, factor, a, beta, c);
  mirror_upper_triangle(c);
}

Index symmetric_eigen_scratch_floats(Index n) {
  return ScratchArena::floats_of_array<float>(eigen_work(n)) +
         ScratchArena::floats_of_array<blasint>(eigen_integers(n));
}

Index orthonormalize_scratch_floats(Index n) {
  return ScratchArena::floats_of_array<float>(n) +
         ScratchArena::floats_of_array<float>(n * qr_block);
}

bool symmetric_eigen(Matrix a, std::span<float> values, std::span<float> scratch) {
  require_square(a);
  require(static_cast<Index>(values.size()) == a.rows, "eigenvalues of another matrix");
  if (a.rows == 0) return true;
  ScratchArena arena(scratch);
  const std::span<float> work = arena.allocate_array<float>(eigen_work(a.rows));
  const std::span<blasint> integers = arena.allocate_array<blasint>(eigen_integers(a.rows));
  const blasint n = as_blas(a.rows);
  const blasint work_size = as_blas(static_cast<Index>(work.size()));
  const blasint integer_size = as_blas(static_cast<Index>(integers.size()));
  blasint info = 0;
  // Row-major upper is LAPACK's lower; its columns, the eigenvectors, are our rows.
  ssyevd_("V", "L", &n, a.data, &n, values.data(), work.data(), &work_size, integers.data(),
          &integer_size, &info);
  return info == 0;
}

bool symmetric_inverse(Matrix a) {
  require_square(a);
  if (a.rows == 0) return true;
  const blasint n = as_blas(a.rows);
  blasint info = 0;
  // Row-major upper is LAPACK's lower.
  spotrf_("L", &n, a.data, &n, &info);
  if (info != 0) return false;
  spotri_("L", &n, a.data, &n, &info);
  mirror_upper_triangle(a);
  return info == 0;
}

bool orthonormalize(Matrix a, std::span<float> scratch) {
  require_square(a);
  if (a.rows == 0) return true;
  ScratchArena arena(scratch);
  const std::span<float> tau = arena.allocate_array<float>(a.rows);
  const std::span<float> work = arena.allocate_array<float>(a.rows * qr_block);
  const blasint n = as_blas(a.rows);
  const blasint work_size = as_blas(static_cast<Index>(work.size()));
  blasint info = 0;
  sgeqrf_(&n, &n, a.data, &n, tau.data(), work.data(), &work_size, &info);
  if (info != 0) return false;
  sorgqr_(&n, &n, &n, a.data, &n, tau.data(), work.data(), &work_size, &info);
  return info == 0;
}

}  // namespace hourglass
