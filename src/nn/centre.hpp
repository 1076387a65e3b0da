#pragma once

#include <span>

#include "core/layout.hpp"
#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// The pre-bias b of a network that encodes x - b and adds b to its reconstructions: subtracted by
/// the first layer, and the bias of the last one, whose backward pass comes first and writes the
/// gradient; the first layer, in whose roles() b is, adds its part.
class Centre {
 public:
  /// b is this tensor (features).
  Centre(const Layout& layout, Slot slot);

  [[nodiscard]] Slot slot() const { return slot_; }
  [[nodiscard]] Index features() const { return features_; }

  /// x - b (rows x features), written to the first floats of `scratch`.
  ConstMatrix subtract(const float* parameters, ConstMatrix x, std::span<float> scratch) const;
  /// Adds to db what the layer z = (x - b) W^T + c passes back to it: the sum over the rows of
  /// dL/dx is (column sums of dL/dz) W = dc W, so dL/dx itself is not needed.
  void add_gradient(std::span<const float> bias_gradient, ConstMatrix weight,
                    float* gradient) const;
  /// db in the arena of a gradient, 1 x features.
  [[nodiscard]] Matrix gradient(float* arena) const { return {arena + offset_, 1, features_}; }

 private:
  Slot slot_;
  Index offset_;
  Index features_;
};

}  // namespace hourglass
