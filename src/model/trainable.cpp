#include "model/trainable.hpp"

#include "hourglass/core/error.hpp"

namespace hourglass {

void Trainable::constrain(float* /*parameters*/) const {}

void Trainable::add_unit_sums(const float* /*parameters*/, ConstMatrix /*samples*/,
                              Workspace& /*workspace*/, const PassContext& /*context*/,
                              std::span<ExactSum> /*sums*/) const {
  require(false, "a model without unit means is asked for unit sums");
}

}  // namespace hourglass
