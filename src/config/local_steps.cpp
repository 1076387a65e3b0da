#include "config/local_steps.hpp"

#include <fmt/format.h>

#include "config/config.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

// Settings that local steps exclude, with the reason and the way out.
struct Conflict {
  bool used;
  const char* setting;
  const char* advice;
};

}  // namespace

Index shard_groups(const TrainConfig& config) {
  return config.local.on() ? config.local.groups : 1;
}

void check_local_steps(const TrainConfig& config) {
  const LocalStepSettings& local = config.local;
  check(local.every >= 0, fmt::format("--sync-every must be at least 0, not {}", local.every));
  check(local.groups >= 0, fmt::format("--sync-groups must be at least 0, not {}", local.groups));
  check(local.rate > 0, fmt::format("--outer-rate must be above 0, not {}", local.rate));
  check(local.momentum >= 0 && local.momentum < 1,
        fmt::format("--outer-momentum must be at least 0 and below 1, not {}", local.momentum));
  if (!local.on()) return;
  check(local.groups > 0,
        "--sync-every needs the number of groups that make local steps, on which the result "
        "depends: use e.g. --sync-groups 4");
  check(config.shards() % local.groups == 0,
        fmt::format("--sync-groups {} does not divide the {} shards of --batch {}: use --batch {} "
                    "or another --sync-groups",
                    local.groups, config.shards(), config.batch,
                    round_up(config.batch, local.groups * config.micro_batch)));
  const bool kfac = config.optimizer.name == "kfac";
  const Conflict conflicts[] = {
      {is_full_batch(config), "--optimizer lbfgs",
       "takes whole passes over the data: use --optimizer adam"},
      {config.reduction == Reduction::allreduce, "--reduction allreduce",
       "depends on the number of ranks: use --reduction tree"},
      {format_wire(config.arithmetic) != "fp32", "--gradient-wire",
       "encodes the exchange of every step: use --gradient-wire fp32"},
      {config.dictionary_shards > 1, "--dictionary-shards",
       "divides the units among the ranks of one batch: use --dictionary-shards 1"},
      {config.update.ema > 0, "--ema", "averages the weights of every step: use --ema 0"},
      {config.update.sparse, "--sparse-update",
       "keeps weights that the outer momentum moves: use --sparse-update false"},
      {config.model.sparsity.selection.kind == Selection::batch_top_k, "--sparsity batch-topk",
       "selects from the whole batch: use --sparsity topk:K"},
      {config.model.regularization.kl_weight > 0, "--kl-weight",
       "takes means over the whole batch: use --kl-weight 0"},
      {kfac && config.optimizer.precondition.kfac_damping_rule == "adaptive",
       "--kfac-damping-rule adaptive",
       "compares losses of the whole batch: use --kfac-damping-rule constant"},
      {kfac && config.optimizer.precondition.kfac_momentum == "quadratic",
       "--kfac-momentum quadratic",
       "takes its model of the whole batch: use --kfac-momentum constant"},
      {config.resample_dead.count > 0, "--resample-dead",
       "changes weights between steps: use --resample-dead 0"},
  };
  for (const Conflict& conflict : conflicts) {
    check(!conflict.used, fmt::format("--sync-every cannot be combined with {}, which {}",
                                      conflict.setting, conflict.advice));
  }
}

}  // namespace hourglass
