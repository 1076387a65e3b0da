#pragma once

#include <span>
#include <vector>

#include "core/active_rows.hpp"
#include "core/bfloat16.hpp"
#include "core/buffer.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// Upper bounds of the Euclidean norms of a row of floats and of what rounding it to bfloat16
/// changes. The scalar products of two rows x, w and of the rounded ones then differ by at most
///   error_x norm_w + (norm_x + error_x) error_w
/// before the rounding of the sums.
struct RowRounding {
  float norm = 0;
  float error = 0;
};

/// to = from, rounded.
RowRounding round_row(const float* from, Bfloat16* to, Index width);
/// Its norm alone.
[[nodiscard]] float norm_bound(const float* row, Index width);

/// The part of an arena that passes in bfloat16 multiply with.
struct RoundedPart {
  std::vector<Range> ranges;  ///< ascending
  /// A tensor in one of them whose rows' RowRounding is wanted, and their number; 0: none.
  UnitRows measured = {};
  Index rows = 0;
};

/// Parameters rounded to bfloat16, at their places in the arena, once for all passes of a step. One
/// pass over the weights rounds them and measures their rows.
class RoundedWeights {
 public:
  RoundedWeights() = default;
  explicit RoundedWeights(const RoundedPart& part);

  /// Rounds one of `count` parts of the arena. Concurrent calls for different parts are allowed.
  void round(const float* parameters, Index index, Index count);

  [[nodiscard]] const Bfloat16* data() const { return rounded_.data(); }
  /// Of the rows of the measured tensor; empty without one.
  [[nodiscard]] std::span<const RowRounding> rows() const { return rows_; }
  /// Floats that are rounded.
  [[nodiscard]] Index floats() const;
  [[nodiscard]] Index bytes() const;

 private:
  std::vector<Range> plain_;  // without the measured tensor
  UnitRows measured_;
  std::vector<RowRounding> rows_;
  Buffer<Bfloat16> rounded_;
};

}  // namespace hourglass
