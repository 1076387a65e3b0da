#include "math/blas.hpp"

#include <cblas.h>

#include <algorithm>
#include <limits>

#include "hourglass/core/error.hpp"
#include "math/onednn.hpp"

namespace hourglass {

namespace {

// A property of the process, like the number of OpenBLAS's threads.
bool uses_onednn = false;

void scale(Matrix c, float beta) {
  for (Index r = 0; r < c.rows; ++r) {
    float* row = c.data + r * c.stride;
    if (beta == 0) {
      std::fill_n(row, c.columns, 0.0F);
    } else {
      for (Index i = 0; i < c.columns; ++i) row[i] *= beta;
    }
  }
}

// The library counts in 32-bit integers.
blasint as_blas(Index value) {
  require(value <= std::numeric_limits<blasint>::max(),
          "a matrix is too large for the BLAS library");
  return static_cast<blasint>(value);
}

// A stride must be positive even where there is at most one row.
blasint stride_of(ConstMatrix matrix) {
  return as_blas(std::max({matrix.stride, matrix.columns, Index{1}}));
}

}  // namespace

void gemm(bool transpose_a, bool transpose_b, ConstMatrix a, ConstMatrix b, float beta, Matrix c) {
  const Index inner = transpose_a ? a.rows : a.columns;
  require((transpose_a ? a.columns : a.rows) == c.rows &&
              (transpose_b ? b.rows : b.columns) == c.columns &&
              (transpose_b ? b.columns : b.rows) == inner,
          "the shapes of a matrix product disagree");
  if (c.rows == 0 || c.columns == 0) return;
  if (inner == 0) {
    scale(c, beta);
    return;
  }
  if (uses_onednn) return gemm_onednn(transpose_a, transpose_b, a, b, beta, c);
  cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
              transpose_b ? CblasTrans : CblasNoTrans, as_blas(c.rows), as_blas(c.columns),
              as_blas(inner), 1.0F, a.data, stride_of(a), b.data, stride_of(b), beta, c.data,
              stride_of(c));
}

void use_onednn_for_gemm(bool use) { uses_onednn = use; }

void use_single_threaded_blas() { openblas_set_num_threads(1); }

std::string blas_version() {
  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ... MAX_THREADS=64": the name and the number.
  const std::string description = openblas_get_config();
  const auto name_end = description.find(' ');
  return description.substr(
      0, name_end == std::string::npos ? name_end : description.find(' ', name_end + 1));
}

std::string blas_core() { return openblas_get_corename(); }

std::string better_blas_core(const std::string& core, bool avx2, bool avx512) {
  if (core != "Prescott" && core != "Nehalem" && core != "Generic") return "";
  return avx512 ? "SkylakeX" : avx2 ? "Haswell" : "";
}

std::string better_blas_core() {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  const bool avx512 =
      avx2 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
      __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  return better_blas_core(blas_core(), avx2, avx512);
#else
  return "";
#endif
}

}  // namespace hourglass
