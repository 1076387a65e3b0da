#pragma once

#include <string>

#include "core/bfloat16.hpp"
#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

using ConstBfloat16Matrix = MatrixView<const Bfloat16>;

/// Whether this build has oneDNN (CMake option HOURGLASS_ONEDNN). Without it a product throws
/// Error(bug).
[[nodiscard]] bool has_onednn();
/// "oneDNN 2.6.3 AVX512-BF16": the library and the instructions it uses, which decide the bits.
[[nodiscard]] std::string onednn_description();
/// Whether this CPU multiplies bfloat16 numbers in hardware (AVX512-BF16 or AMX).
[[nodiscard]] bool cpu_multiplies_bfloat16();

/// C (m x n) = op(A) op(B) + beta C from bfloat16 numbers, products added in single precision, on
/// the calling thread alone. Shapes, bits and callers as for gemm() of math/blas.hpp. The first
/// call of a thread with a shape prepares code for it and keeps it. oneDNN itself makes a few small
/// allocations per call.
void gemm_bfloat16(bool transpose_a, bool transpose_b, ConstBfloat16Matrix a, ConstBfloat16Matrix b,
                   float beta, Matrix c);
/// The same from single-precision numbers.
void gemm_onednn(bool transpose_a, bool transpose_b, ConstMatrix a, ConstMatrix b, float beta,
                 Matrix c);

/// to[i] = from[i], rounded.
void convert_to_bfloat16(const float* from, Bfloat16* to, Index count);

}  // namespace hourglass
