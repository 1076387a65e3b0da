#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/buffer.hpp"
#include "math/exact_sum.hpp"

namespace hourglass {

/// Limited-memory BFGS (Nocedal 1980; Nocedal & Wright 2006, algorithm 7.4): the last m pairs s =
/// x' - x, y = g' - g stand for an inverse Hessian H, with H0 = (s y / y y) I of the newest pair.
/// Vectors are a rank's segments of the whole ones, whole cells of 64 floats; inner products come
/// from the caller, who adds over ranks exactly, so that bits do not depend on how vectors are
/// divided.
class Lbfgs {
 public:
  using Product = std::function<double(std::span<const float>, std::span<const float>)>;

  /// `history`: m, at least 1. `size`: floats of the segment.
  Lbfgs(Index history, Index size)
      : history_(history), size_(size), alpha_(static_cast<std::size_t>(history)) {
    pairs_.reserve(static_cast<std::size_t>(history));
  }

  /// direction = -H gradient; the gradient's negative while there is no pair.
  void direction(std::span<const float> gradient, const Product& product,
                 std::span<float> direction);
  /// Keeps the pair, dropping the oldest of m, and returns true, unless s y is too small for a
  /// positive definite H.
  bool add(std::span<const float> step, std::span<const float> change, const Product& product);
  void forget() { pairs_.clear(); }

  [[nodiscard]] Index pairs() const { return static_cast<Index>(pairs_.size()); }
  /// s and y of a pair, the oldest first: what a checkpoint holds.
  [[nodiscard]] std::span<const float> step(Index pair) const {
    return pairs_[static_cast<std::size_t>(pair)].step.span();
  }
  [[nodiscard]] std::span<const float> change(Index pair) const {
    return pairs_[static_cast<std::size_t>(pair)].change.span();
  }
  [[nodiscard]] Index bytes() const {
    return pairs() * 2 * size_ * static_cast<Index>(sizeof(float));
  }

 private:
  struct Pair {
    Buffer<float> step;
    Buffer<float> change;
    double curvature = 0;       // s y
    double change_squared = 0;  // y y
  };

  Index history_;
  Index size_;
  std::vector<Pair> pairs_;    // the oldest first
  std::vector<double> alpha_;  // by pair: of the first loop of direction(), for the second
};

/// sum_i a_i b_i added to `sum` as add_sum_of_squares does: each cell in double in a fixed order,
/// the cells exactly.
void add_products(std::span<const float> a, std::span<const float> b, ExactSum& sum);

}  // namespace hourglass
