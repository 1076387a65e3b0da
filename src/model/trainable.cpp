#include "model/trainable.hpp"

#include "hourglass/core/error.hpp"

namespace hourglass {

void Trainable::constrain(float* /*parameters*/) const {}

void Trainable::add_unit_sums(const float* /*parameters*/, ConstMatrix /*samples*/,
                              Workspace& /*workspace*/, const PassContext& /*context*/,
                              std::span<ExactSum> /*sums*/) const {
  require(false, "unit sums asked of what wants none");
}

}  // namespace hourglass
