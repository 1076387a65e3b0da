#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/buffer.hpp"
#include "math/row_product.hpp"
#include "nn/activation.hpp"
#include "nn/network.hpp"

namespace hourglass {

/// Dense layers of a network for a few rows at a time: s(x W^T + b) of each, with a copy of the
/// weights (math/row_product.hpp). Immutable; refers to the parameters.
class DenseChain {
 public:
  /// The layers of `range`, summed in blocks of that many inputs. Nothing where one of them is of
  /// another kind; noise is left out, of a variational code its mean is kept, and a bias that a
  /// layer subtracts from its input (nn/centre.hpp) is not subtracted.
  [[nodiscard]] static std::optional<DenseChain> of(const Network& network, Range range,
                                                    const float* parameters, Index block);

  /// The outputs of the widest layer: two matrices of as many columns are the memory of run().
  [[nodiscard]] Index widest() const { return widest_; }
  /// The result (rows x outputs of the last layer) for x (rows x inputs), in one of the halves of
  /// `memory` (2 x rows x widest() floats).
  [[nodiscard]] Matrix run(ConstMatrix x, std::span<float> memory) const;

 private:
  struct Step {
    RowProduct product;
    std::span<const float> bias;
    Activation activation;
    Index kept;  ///< the first outputs, which go on
  };

  std::vector<Step> steps_;
  Index widest_ = 0;
};

}  // namespace hourglass
