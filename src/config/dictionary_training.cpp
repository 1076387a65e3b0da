#include "config/dictionary_training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

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
  check(!resamples || config.transfer.freeze.empty(),
        "--resample-dead gives units new weights on both sides of the code and cannot be combined "
        "with --freeze: leave out one of them");
  check(!resamples || !is_full_batch(config),
        "--optimizer lbfgs uses a line search and cannot be combined with --resample-dead");
  check(dictionary.aux_k <= 0 || !is_full_batch(config),
        "--optimizer lbfgs uses a line search and cannot be combined with --aux-k");
  check(!dictionary.unit_norm || !is_full_batch(config),
        "--optimizer lbfgs uses a line search and cannot be combined with --unit-norm-decoder");
}

void check_dictionary_shards(const TrainConfig& config) {
  check(config.dictionary_shards >= 1 && config.dictionary_shards <= 1024,
        fmt::format("--dictionary-shards must be 1 to 1024, not {}", config.dictionary_shards));
  if (config.dictionary_shards == 1) return;
  const AutoencoderSpec& model = config.model;
  check(model.sparsity.on(),
        "--dictionary-shards divides the units of a sparse code: give --sparsity, e.g. topk:32");
  check(model.encoder.size() == 2 && (model.decoder.empty() || model.decoder.size() == 2),
        "--dictionary-shards needs one layer on each side of the code: give --layers two widths");
  const auto refuse = [&](bool present, const std::string& setting) {
    check(!present, fmt::format("--dictionary-shards cannot be combined with {}: leave out one of "
                                "them",
                                setting));
  };
  refuse(config.threads > 1, "--threads above 1");
  refuse(config.reduction != Reduction::tree, "--reduction allreduce");
  refuse(config.arithmetic.precision != Precision::fp32, "--precision bf16");
  refuse(config.arithmetic.gemm != GemmLibrary::openblas, "--gemm onednn");
  refuse(config.arithmetic.wire != Wire::fp32 || config.arithmetic.low_rank > 0, "--gradient-wire");
  refuse(config.pretrain.kind != Pretrain::none, "--pretrain");
  refuse(config.resample_dead.count > 0, "--resample-dead");
  refuse(config.update.ema > 0, "--ema");
  refuse(config.tensorboard, "--tensorboard");
  refuse(config.reliability.verify_every > 0, "--verify-every");
  refuse(!config.transfer.init_from.empty(), "--init-from");
  refuse(!config.transfer.teacher.empty(), "--teacher");
  refuse(!config.transfer.freeze.empty(), "--freeze");
  const std::string& rule = config.optimizer.name;
  const std::array whole_tensors = {"lars", "lamb", "muon", "shampoo", "soap", lbfgs_name};
  refuse(std::ranges::find(whole_tensors, rule) != whole_tensors.end(),
         fmt::format("--optimizer {}", rule));
}

}  // namespace hourglass
