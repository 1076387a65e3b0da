#include "config/dictionary_training.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/config.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr Index most_unused = 10'000'000;
constexpr Index least_batches = 16;

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

}  // namespace

Index dead_after(const TrainConfig& config, Index samples) {
  if (config.dead_after > 0) return config.dead_after;
  return std::min(most_unused, std::max(samples / 8, least_batches * config.batch));
}

void check_dictionary_training(const TrainConfig& config) {
  const DictionarySpec& dictionary = config.model.dictionary;
  check(config.dead_after >= 0,
        fmt::format("--dead-after must be at least 1 sample, or 0 for the usual number, not {}",
                    config.dead_after));
  for (const auto& [name, used] : {std::pair{"pre-bias", dictionary.pre_bias != PreBias::none},
                                   {"unit-norm-decoder", dictionary.unit_norm},
                                   {"tied-initialization", dictionary.tied_start}}) {
    check(!used || config.pretrain.kind == Pretrain::none,
          fmt::format("--{} is about the start of the whole network and cannot be combined with "
                      "--pretrain: leave out one of them",
                      name));
  }
  const bool resamples = config.resample_dead.count > 0 && config.model.sparsity.on();
  check(!resamples || (config.model.encoder.size() == 2 &&
                       (config.model.decoder.empty() || config.model.decoder.size() == 2)),
        "--resample-dead gives units the direction of samples and needs one layer on each side of "
        "the code: leave it out");
  check(!resamples || !is_full_batch(config),
        "--optimizer lbfgs uses a line search and cannot be combined with --resample-dead");
  check(dictionary.aux_k <= 0 || !is_full_batch(config),
        "--optimizer lbfgs uses a line search and cannot be combined with --aux-k");
  check(!dictionary.unit_norm || !is_full_batch(config),
        "--optimizer lbfgs uses a line search and cannot be combined with --unit-norm-decoder");
}

}  // namespace hourglass
