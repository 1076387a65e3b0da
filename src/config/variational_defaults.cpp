#include "config/variational_defaults.hpp"

#include <algorithm>

#include "config/config.hpp"

namespace hourglass {

Interval standard_beta_warmup(Index epochs) {
  return {static_cast<double>(std::clamp<Index>(epochs / 2, 0, 10)), Interval::Unit::epochs};
}

void settle_variational_defaults(const std::string& given, TrainConfig& config) {
  GivenSettings& known = config.given;
  if (given == "loss-reduction") known.loss_reduction = true;
  if (given == "beta") known.beta = true;
  if (given == "beta-warmup") known.beta_warmup = true;
  const bool affects = given == "loss-reduction" || given == "beta" || given == "beta-warmup" ||
                       given == "variational" || given == "epochs" || given == "optimizer";
  if (!affects) return;
  const bool variational = config.model.regularization.variational;
  if (!known.loss_reduction) config.model.feature_mean = !variational;
  if (known.beta || known.beta_warmup) {
    if (!known.beta_warmup) config.penalties.beta_warmup = PenaltySchedules().beta_warmup;
    return;
  }
  config.penalties.beta_warmup = variational && !is_full_batch(config)
                                     ? standard_beta_warmup(config.epochs)
                                     : PenaltySchedules().beta_warmup;
}

}  // namespace hourglass
