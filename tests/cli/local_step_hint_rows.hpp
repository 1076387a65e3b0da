#pragma once

#include <vector>

#include "cli/setting_hint_row.hpp"

namespace hourglass::setting_hints {

/// Hints about local steps, for setting_hints_test.cpp.
inline std::vector<Row> local_step_hint_rows() {
  return {
      // Local steps: 8 shards in 4 groups.
      {hint("use e.g. --sync-groups 4"), {"--sync-every 8"}, {{"--sync-groups 4"}}},
      {hint("use --batch {} or another --sync-groups"),
       {"--sync-every 8", "--sync-groups 3"},
       {{"--batch 1152"}, {"--sync-groups", "2"}}},
      {hint("takes whole passes over the data: use --optimizer adam"),
       {"--sync-every 8", "--sync-groups 4", "--optimizer lbfgs"},
       {{"--optimizer adam"}}},
      {hint("depends on the number of ranks: use --reduction tree"),
       {"--sync-every 8", "--sync-groups 4", "--reduction allreduce"},
       {{"--reduction tree"}}},
      {hint("encodes the exchange of every step: use --gradient-wire fp32"),
       {"--sync-every 8", "--sync-groups 4", "--gradient-wire bf16"},
       {{"--gradient-wire fp32"}}},
      {hint("divides the units among the ranks of one batch: use --dictionary-shards 1"),
       {"--sync-every 8", "--sync-groups 4", "--dictionary-shards 2", "--sparsity topk:2"},
       {{"--dictionary-shards 1"}}},
      {hint("averages the weights of every step: use --ema 0"),
       {"--sync-every 8", "--sync-groups 4", "--ema 0.9"},
       {{"--ema 0"}}},
      {hint("keeps weights that the outer momentum moves: use --sparse-update false"),
       {"--sync-every 8", "--sync-groups 4", "--sparse-update true"},
       {{"--sparse-update false"}}},
      {hint("selects from the whole batch: use --sparsity topk:K"),
       {"--sync-every 8", "--sync-groups 4", "--sparsity batch-topk:2"},
       {{"--sparsity", "topk:2"}}},
      {hint("takes means over the whole batch: use --kl-weight 0"),
       {"--sync-every 8", "--sync-groups 4", "--kl-weight 1", "--code-activation sigmoid"},
       {{"--kl-weight 0"}}},
      {hint("changes weights between steps: use --resample-dead 0"),
       {"--sync-every 8", "--sync-groups 4", "--resample-dead 5steps", "--sparsity topk:2"},
       {{"--resample-dead 0"}}},
      {hint("compares losses of the whole batch: use --kfac-damping-rule constant"),
       {"--sync-every 8", "--sync-groups 4", "--optimizer kfac", "--kfac-damping-rule adaptive"},
       {{"--kfac-damping-rule constant"}}},
      {hint("takes its model of the whole batch: use --kfac-momentum constant"),
       {"--sync-every 8", "--sync-groups 4", "--optimizer kfac", "--kfac-momentum quadratic"},
       {{"--kfac-momentum constant"}}},
  };
}

}  // namespace hourglass::setting_hints
