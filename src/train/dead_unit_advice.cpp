#include "train/dead_unit_advice.hpp"

#include <fmt/format.h>

namespace hourglass {

namespace {

constexpr double accepted_share = 1.0 / 3;

std::string remedy(const TrainConfig& config) {
  const DictionarySpec& dictionary = config.model.dictionary;
  const bool linear = config.model.output_activation == Activation::linear;
  if (dictionary.pre_bias == PreBias::none && linear)
    return "try --pre-bias mean, which keeps what all samples share out of the code";
  if (!dictionary.tied_start && !config.model.tied && config.model.encoder.size() == 2)
    return "try --tied-initialization, with which units begin in the directions of the data";
  return "try a lower --learning-rate, or a smaller code in --layers";
}

}  // namespace

std::optional<std::string> dead_unit_advice(const TrainConfig& config, const MetricsRecord& epoch) {
  if (!epoch.sparse_use || epoch.sparse_use->dead_share() <= accepted_share) return {};
  const SparseUse& use = *epoch.sparse_use;
  return fmt::format(
      "advice: {:.0f} % of the units of the sparse code have not been used in the last {} samples; "
      "{}",
      100 * use.dead_share(), use.dead_after, remedy(config));
}

}  // namespace hourglass
