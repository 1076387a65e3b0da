#include "math/linalg.hpp"

#include <cblas.h>

#include <algorithm>
#include <cmath>

#include "hourglass/core/error.hpp"

// LAPACK's own (Fortran) interface, which is part of OpenBLAS.
extern "C" void dsyevr_(const char* jobz, const char* range, const char* uplo, const blasint* n,
                        double* a, const blasint* lda, const double* vl, const double* vu,
                        const blasint* il, const blasint* iu, const double* abstol, blasint* m,
                        double* w, double* z, const blasint* ldz, blasint* isuppz, double* work,
                        const blasint* lwork, blasint* iwork, const blasint* liwork, blasint* info);

extern "C" void dgeqrf_(const blasint* m, const blasint* n, double* a, const blasint* lda,
                        double* tau, double* work, const blasint* lwork, blasint* info);
extern "C" void dorgqr_(const blasint* m, const blasint* n, const blasint* k, double* a,
                        const blasint* lda, const double* tau, double* work, const blasint* lwork,
                        blasint* info);

namespace hourglass {

void fix_sign(std::span<double> vector) {
  const auto largest =
      std::ranges::max_element(vector, {}, [](double value) { return std::fabs(value); });
  if (*largest >= 0) return;
  for (double& value : vector) value = -value;
}

void add_gram(Index rows, Index n, std::span<const double> x, std::span<double> c) {
  require(static_cast<Index>(x.size()) >= rows * n && static_cast<Index>(c.size()) == n * n,
          "the shapes of a Gram matrix disagree");
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, static_cast<blasint>(n),
              static_cast<blasint>(rows), 1.0, x.data(), static_cast<blasint>(n), 1.0, c.data(),
              static_cast<blasint>(n));
}

void add_row_gram(Index rows, Index n, std::span<const double> x, std::span<double> c) {
  require(static_cast<Index>(x.size()) >= rows * n && static_cast<Index>(c.size()) == rows * rows,
          "the shapes of a Gram matrix disagree");
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasNoTrans, static_cast<blasint>(rows),
              static_cast<blasint>(n), 1.0, x.data(), static_cast<blasint>(n), 1.0, c.data(),
              static_cast<blasint>(rows));
}

void multiply(bool transpose_a, bool transpose_b, Index m, Index n, Index k,
              std::span<const double> a, std::span<const double> b, double beta,
              std::span<double> c) {
  require(static_cast<Index>(a.size()) == m * k && static_cast<Index>(b.size()) == k * n &&
              static_cast<Index>(c.size()) == m * n,
          "the shapes of a product disagree");
  cblas_dgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
              transpose_b ? CblasTrans : CblasNoTrans, static_cast<blasint>(m),
              static_cast<blasint>(n), static_cast<blasint>(k), 1.0, a.data(),
              static_cast<blasint>(transpose_a ? m : k), b.data(),
              static_cast<blasint>(transpose_b ? k : n), beta, c.data(), static_cast<blasint>(n));
}

void orthonormalize_rows(Index rows, Index n, std::span<double> x) {
  require(static_cast<Index>(x.size()) == rows * n && rows <= n, "too many rows for a basis");
  // Rows are the columns of LAPACK's column-major matrix.
  const auto length = static_cast<blasint>(n);
  const auto count = static_cast<blasint>(rows);
  std::vector<double> tau(static_cast<std::size_t>(rows));
  blasint info = 0;
  double best_work = 0;
  const blasint ask = -1;
  dgeqrf_(&length, &count, x.data(), &length, tau.data(), &best_work, &ask, &info);
  std::vector<double> work(static_cast<std::size_t>(best_work));
  auto size = static_cast<blasint>(work.size());
  dgeqrf_(&length, &count, x.data(), &length, tau.data(), work.data(), &size, &info);
  dorgqr_(&length, &count, &count, x.data(), &length, tau.data(), &best_work, &ask, &info);
  work.resize(static_cast<std::size_t>(best_work));
  size = static_cast<blasint>(work.size());
  dorgqr_(&length, &count, &count, x.data(), &length, tau.data(), work.data(), &size, &info);
  require(info == 0, "an orthonormal basis could not be computed");
}

Eigenpairs largest_eigenpairs(Index n, std::span<double> matrix, Index count) {
  require(static_cast<Index>(matrix.size()) == n * n && count >= 1 && count <= n,
          "eigenpairs of another matrix");
  const auto size = static_cast<blasint>(n);
  const auto first = static_cast<blasint>(n - count + 1);
  const double tolerance = 0;
  const double unused = 0;
  blasint found = 0;
  blasint info = 0;
  std::vector<double> values(static_cast<std::size_t>(n));
  std::vector<double> vectors(static_cast<std::size_t>(n * count));
  std::vector<blasint> support(static_cast<std::size_t>(2 * n));
  double best_work = 0;
  blasint best_integers = 0;
  blasint ask = -1;
  // Row-major upper is LAPACK's lower. The first call only asks for the sizes of the work arrays.
  dsyevr_("V", "I", "L", &size, matrix.data(), &size, &unused, &unused, &first, &size, &tolerance,
          &found, values.data(), vectors.data(), &size, support.data(), &best_work, &ask,
          &best_integers, &ask, &info);
  std::vector<double> work(static_cast<std::size_t>(best_work));
  std::vector<blasint> integers(static_cast<std::size_t>(best_integers));
  const auto work_size = static_cast<blasint>(work.size());
  const auto integer_size = static_cast<blasint>(integers.size());
  dsyevr_("V", "I", "L", &size, matrix.data(), &size, &unused, &unused, &first, &size, &tolerance,
          &found, values.data(), vectors.data(), &size, support.data(), work.data(), &work_size,
          integers.data(), &integer_size, &info);
  if (info != 0 || found != static_cast<blasint>(count)) {
    throw Error(ErrorKind::data,
                "the eigenvalues of a matrix could not be computed: are its numbers finite?");
  }
  // LAPACK returns the smallest first, each vector a column of its column-major matrix: a row here.
  Eigenpairs result;
  for (Index i = count - 1; i >= 0; --i) {
    result.values.push_back(values[static_cast<std::size_t>(i)]);
    const std::span<double> vector(vectors.data() + i * n, static_cast<std::size_t>(n));
    fix_sign(vector);
    result.vectors.insert(result.vectors.end(), vector.begin(), vector.end());
  }
  return result;
}

}  // namespace hourglass
