#pragma once

#include <array>

#include "core/buffer.hpp"
#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// y = x W^T for a few rows x (rows x inputs), W outputs x inputs, as fast as W can be read: a
/// library's product of one row spends most of its time on arranging W.
///
/// An output is summed in blocks of inputs: within a block by multiply-adds in the order of inputs,
/// each rounded once, and the sums of the blocks are added in their order. So do the kernels of
/// OpenBLAS for AVX-512 in a product of many rows: with the block of the library, the bits are
/// those of gemm(). Others have other orders; whoever needs the same bits compares them.
class RowProduct {
 public:
  /// What OpenBLAS calls GEMM_Q, in inputs, of the processors that are known.
  static constexpr std::array<Index, 5> blocks = {320, 384, 352, 448, 256};
  /// Whether multiply-adds are one instruction: otherwise this is slow.
  static const bool is_fast;

  /// Copies `weight`: outputs x inputs, or inputs x outputs where it is `transposed`. A remainder
  /// of between one and two blocks is divided into halves, the first of which is rounded up to 16.
  RowProduct(ConstMatrix weight, bool transposed, Index block);

  [[nodiscard]] Index inputs() const { return inputs_; }
  [[nodiscard]] Index outputs() const { return outputs_; }
  /// x rows x inputs, y rows x outputs. Allocates nothing.
  void multiply(ConstMatrix x, Matrix y) const;

 private:
  Index inputs_;
  Index outputs_;
  Index block_;
  /// Panels of 64 outputs, the last one filled up with zeros to 16: of each input, the weights of
  /// the panel's outputs.
  Buffer<float> panels_;
};

}  // namespace hourglass
