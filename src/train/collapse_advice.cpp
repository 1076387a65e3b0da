#include "train/collapse_advice.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/variational_defaults.hpp"

namespace hourglass {

namespace {

constexpr Index first_epoch = 3;

std::string remedy(const TrainConfig& config) {
  const Regularization& r = config.model.regularization;
  if (config.model.feature_mean) {
    return "use --loss-reduction sum: a mean over features is outweighed by the KL divergence, a "
           "sum over units";
  }
  std::string text;
  const Interval warmup = standard_beta_warmup(config.epochs);
  if (config.penalties.beta_warmup.count == 0 && warmup.count > 0)
    text = fmt::format("--beta-warmup {}, ", format_warmup(warmup));
  if (r.free_bits == 0) text += "--free-bits 0.1, ";
  return fmt::format("use {}{}a --beta below {:g}", text, text.empty() ? "" : "or ", r.beta);
}

}  // namespace

std::optional<std::string> collapse_advice(const TrainConfig& config, const MetricsRecord& epoch) {
  const std::vector<double>& divergences = divergences_of(epoch);
  if (divergences.empty() || epoch.epoch < std::min(first_epoch, config.epochs)) return {};
  const CodeUse use = code_use(divergences);
  if (20 * use.used_units >= static_cast<Index>(use.units)) return {};
  return fmt::format(
      "advice: the code has collapsed to the prior: {} of {} units are used (KL divergence above "
      "{:g} nats); {}",
      use.used_units, use.units, use.threshold, remedy(config));
}

}  // namespace hourglass
