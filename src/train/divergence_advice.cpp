#include "train/divergence_advice.hpp"

#include <fmt/format.h>

namespace hourglass {

std::string divergence_advice(const TrainConfig& config, double learning_rate, bool pretraining,
                              Index updates) {
  if (updates == 0) {
    // Of the samples and the initial weights alone: no learning rate has had an effect.
    if (config.model.loss == Loss::poisson && config.model.counts == Counts::none)
      return "no update was made before, so the samples are too large: use --counts log1p "
             "--output-activation linear";
    if (config.normalize != Normalize::standardize && !takes_counts(config))
      return "no update was made before, so the samples are too large: use --normalize standardize";
    return "no update was made before, so the learning rate is not the cause: use a bounded "
           "activation, e.g. --activation tanh --output-activation sigmoid";
  }
  if (is_full_batch(config) && !pretraining)
    return "a line search does not keep it from diverging: use another --optimizer, e.g. "
           "--optimizer adam";
  if (pretraining) return fmt::format("try a --pretrain-learning-rate below {:g}", learning_rate);
  const std::string clipping = config.clip_norm > 0
                                   ? fmt::format(" or a --clip-norm below {:g}", config.clip_norm)
                                   : " or --clip-norm 1";
  return fmt::format("try a --learning-rate below {:g}{}", learning_rate, clipping);
}

}  // namespace hourglass
