#pragma once

#include <string>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// C (m x n) = op(A) op(B) + beta C, single precision, on the calling thread alone.
/// With transpose_a, A is stored k x m; with transpose_b, B is stored n x k. Shapes must agree
/// (Error(bug) otherwise). Identical shapes give identical bits for every alignment, stride and
/// number of concurrent callers.
void gemm(bool transpose_a, bool transpose_b, ConstMatrix a, ConstMatrix b, float beta, Matrix c);

/// Selects oneDNN (math/onednn.hpp) instead of OpenBLAS for gemm(), for the whole process. Called
/// before the first gemm.
void use_onednn_for_gemm(bool use);

/// Makes every BLAS call single-threaded. Called once, before the first gemm.
void use_single_threaded_blas();

/// The library's version and kernel, which decide the bits of a GEMM ("OpenBLAS 0.3.21",
/// "Cooperlake").
[[nodiscard]] std::string blas_version();
[[nodiscard]] std::string blas_core();

/// The kernel to take instead of `core` on a processor with these instruction sets; empty where
/// `core` suits it. OpenBLAS takes one for any x86-64 (Prescott, Nehalem, Generic) on processors
/// that are younger than it is, at a quarter of the speed: e.g. 0.3.21 on Xeons of the fifth
/// generation.
[[nodiscard]] std::string better_blas_core(const std::string& core, bool avx2, bool avx512);
/// The same of the kernel in use and of this processor.
[[nodiscard]] std::string better_blas_core();

}  // namespace hourglass
