#include "model/trainable.hpp"

#include "hourglass/core/error.hpp"

namespace hourglass {

void Trainable::constrain(float* /*parameters*/, std::span<const Range> /*frozen*/) const {}

void Trainable::count_use(const PassContext& /*context*/, Workspace& /*workspace*/, Index /*rows*/,
                          UnitUse& /*use*/) const {
  require(false, "a model without a sparse code is asked for its use");
}

void Trainable::select_candidates(const float* /*parameters*/, ConstMatrix /*samples*/,
                                  Workspace& /*workspace*/, const PassContext& /*context*/) const {
  require(false, "a model without a selection from the batch is asked for candidates");
}

Index Trainable::batch_count(const PassContext& /*context*/) const { return 0; }

void Trainable::follow_selection(float /*smallest*/, float* /*parameters*/) const {}

LossSums Trainable::evaluate_weighted(const float* /*parameters*/, ConstMatrix /*samples*/,
                                      std::span<const float> /*weights*/,
                                      Workspace& /*workspace*/) const {
  require(false, "a model that knows no weights of samples is given some");
  return {};
}

void Trainable::add_unit_sums(const float* /*parameters*/, ConstMatrix /*samples*/,
                              Workspace& /*workspace*/, const PassContext& /*context*/,
                              std::span<ExactSum> /*sums*/) const {
  require(false, "a model without unit means is asked for unit sums");
}

}  // namespace hourglass
