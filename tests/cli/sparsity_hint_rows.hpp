#pragma once

#include <vector>

#include "cli/setting_hint_row.hpp"

// Rows of setting_hints_test.cpp about sparse codes and targets.
namespace hourglass::setting_hints {

inline std::vector<Row> sparsity_hint_rows() {
  return {
      // Targets.
      {hint("--target-normalize needs --target"),
       {"--target-normalize none"},
       {{"--target", "y.h5:/y"}}},
      {hint("--validation-target needs --target"),
       {"--validation v.h5:/x", "--validation-target v.h5:/y"},
       {{"--target", "y.h5:/y"}}},
      {hint("--validation-target needs --validation"),
       {"--target y.h5:/y", "--validation-target v.h5:/y"},
       {{"--validation", "v.h5:/x"}}},
      {hint("--target with --validation needs --validation-target, the same of those samples"),
       {"--target y.h5:/y", "--validation v.h5:/x"},
       {{"--validation-target", "v.h5:/y"}}},
      {hint("use --normalize standardize and --target-normalize standardize"),
       {"--target t.h5:/y", "--normalize unit-mean-square"},
       {{"--normalize standardize", "--target-normalize standardize"}}},
      {hint("--target cannot be combined with --{}: leave out one of them"),
       {"--target y.h5:/y", "--window 4"},
       {{"no --target"}, {"no --window"}}},
      {hint("moves whole tensors: use --optimizer adam"),
       {"--sparse-update true", "--optimizer lamb"},
       {{"--optimizer adam"}}},
      {hint("{} does not fit the code of --layers, which has {} units"),
       {"--sparsity topk:9"},
       {{"--sparsity", "topk:8"}}},
      {hint("none, topk:K, batch-topk:K (K units per sample, at least 1), jumprelu, "
            "jumprelu:THRESHOLD (above 0), l1 or gated"),
       {"--sparsity relu"},
       {{"--sparsity", "none"}, {"--sparsity", "topk:2"}, {"--sparsity", "batch-topk:2"}}},
      {hint("use --sparsity jumprelu with it"), {"--l0 1e-3"}, {{"--sparsity jumprelu"}}},
      {hint("use --sparsity jumprelu instead of {}"),
       {"--sparsity topk:2", "--l0 1e-3"},
       {{"--sparsity jumprelu"}}},
      {hint("is made sparse by --l0, which is 0: use e.g. --l0 1e-3"),
       {"--sparsity jumprelu"},
       {{"--l0 1e-3"}}},
      {hint("--sparsity {} is made sparse by --l1, which is 0: use e.g. --l1 1e-3"),
       {"--sparsity l1"},
       {{"--l1 1e-3"}}},
      {hint("--sparsity {} is made sparse by --l1, which is 0: use e.g. --l1 1e-3"),
       {"--sparsity gated"},
       {{"--l1 1e-3"}}},
      {hint("use --code-activation linear instead of {}"),
       {"--sparsity topk:2", "--code-activation relu"},
       {{"--code-activation linear"}}},
      {hint("use --decoder-layers {},{} instead of {}"),
       {"--sparsity gated", "--l1 0.1", "--layers 16,12,8"},
       {{"--decoder-layers 8,16"}}},
      {hint("end --layers with a width and begin --decoder-layers with two"),
       {"--sparsity topk:2", "--layers 28x28,conv:4x3s2"},
       {{"--layers", "28x28,conv:4x3s2,30", "--decoder-layers", "30,784"}}},
      {hint("--sparsity has its own layers around the code and cannot be combined with --{}: leave "
            "out one of them"),
       {"--sparsity topk:2", "--tied true"},
       {{"no --sparsity"}, {"no --tied"}}},
      {hint("trains dense layers and cannot be combined with --sparsity: leave out one of them"),
       {"--sparsity topk:2", "--pretrain denoising"},
       {{"no --sparsity"}, {"no --pretrain"}}},
      {hint("use --sparsity topk:K or batch-topk:K with it"),
       {"--k-start 4", "--k-anneal 2epochs"},
       {{"--sparsity", "topk:2"}, {"--sparsity", "batch-topk:2"}}},
      {hint("--k-start must be 1 to {}, the units of the code"),
       {"--sparsity topk:2", "--k-start 9", "--k-anneal 2epochs"},
       {{"--k-start", "8"}}},
      {hint("use e.g. --k-anneal 2epochs"),
       {"--sparsity topk:2", "--k-start 4"},
       {{"--k-anneal 2epochs"}}},
      {hint("--resample-dead gives units new weights on both sides of the code and cannot be "
            "combined with --freeze: leave out one of them"),
       {"--sparsity topk:2", "--layers 16,8", "--resample-dead 5steps", "--freeze 2"},
       {{"no --resample-dead"}, {"no --freeze"}}},
      // Dictionaries that are divided among ranks.
      {hint("give --sparsity, e.g. topk:32"),
       {"--dictionary-shards 2"},
       {{"--sparsity", "topk:2"}}},
      {hint("give --layers two widths"),
       {"--dictionary-shards 2", "--sparsity topk:2", "--layers 16,12,8"},
       {{"--layers", "16,8"}}},
      {hint("--dictionary-shards cannot be combined with {}: leave out one of them"),
       {"--dictionary-shards 2", "--sparsity topk:2", "--layers 16,8", "--ema 0.9"},
       {{"no --dictionary-shards"}, {"no --ema"}}},
  };
}

}  // namespace hourglass::setting_hints
