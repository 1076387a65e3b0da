#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The number of a tensor in its layout; layers hold slots instead of memory.
using Slot = int;

/// One parameter tensor in the arena.
struct Tensor {
  std::string name;          ///< e.g. "encoder/0/weight": its path in a model file below /model
  std::vector<Index> shape;  ///< row-major
  Index offset = 0;          ///< floats from the start of the arena, a multiple of 64
  Index size = 0;            ///< product of the shape; the arena pads it with zeros
};

/// The places of all parameter tensors in one flat arena. Gradients and each optimizer moment use
/// the same layout. Tensors are stored in order of addition, which is the order of the forward
/// pass, so that `backward` finishes the arena's tail first.
class Layout {
 public:
  /// Appends a tensor and returns its slot. Throws Error(bug) on an empty or repeated name and on
  /// an extent below 1.
  Slot add(std::string name, std::vector<Index> shape);

  [[nodiscard]] const Tensor& tensor(Slot slot) const {
    return tensors_[static_cast<std::size_t>(slot)];
  }
  [[nodiscard]] const std::vector<Tensor>& tensors() const { return tensors_; }
  /// Floats of the arena with padding: a multiple of 64.
  [[nodiscard]] Index size() const { return size_; }
  /// Trainable numbers, without padding.
  [[nodiscard]] Index parameter_count() const;
  /// The padded range of a tensor.
  [[nodiscard]] Range range(Slot slot) const;

 private:
  std::vector<Tensor> tensors_;
  Index size_ = 0;
};

}  // namespace hourglass
