#include "config/ineffective_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "config/optimizer_defaults.hpp"
#include "config/settings.hpp"
#include "model/dictionary_checks.hpp"

namespace hourglass {

namespace {

constexpr std::array<const char*, 2> rule_settings = {"optimizer", "pretrain-optimizer"};

bool differs(const TrainConfig& config, std::string_view name) {
  const Setting& setting = find_setting(name);
  const bool differs = setting.get(config) != setting.get(TrainConfig{});
  if (name != "momentum") return differs;
  // Each optimizer has a default of its own.
  return (differs || config.given_optimizer.momentum) &&
         config.optimizer.momentum != optimizer_defaults(config.optimizer.name).momentum;
}

bool is_met(const TrainConfig& config, const SettingDependency& dependency) {
  const auto has = [&](const char* name, const std::vector<std::string>& values) {
    return std::ranges::find(values, find_setting(name).get(config)) != values.end();
  };
  if (std::ranges::any_of(rule_settings,
                          [&](const char* name) { return has(name, dependency.other_optimizers); }))
    return true;
  return std::ranges::any_of(dependency.needed, [&](const char* name) {
    return dependency.values.empty() ? differs(config, name) : has(name, dependency.values);
  });
}

// The auxiliary loss is not of all sparse codes.
void add_auxiliary_advice(const TrainConfig& config, std::vector<std::string>& advice) {
  if (!config.model.sparsity.on() || !differs(config, "aux-weight")) return;
  AutoencoderSpec spec = config.model;
  if (spec.decoder.empty()) spec.decoder = spec.encoder;  // only the number of its layers counts
  if (!takes_auxiliary_loss(spec)) {
    advice.emplace_back(
        "advice: --aux-weight has no effect without the auxiliary loss of --aux-k, which needs "
        "--sparsity topk:K or batch-topk:K with one layer on each side of the code, "
        "--output-activation linear and --loss mse of whole samples");
  } else if (spec.dictionary.aux_k == 0) {
    advice.emplace_back("advice: --aux-weight has no effect with --aux-k 0");
  }
}

}  // namespace

std::span<const SettingDependency> setting_dependencies() {
  static const std::vector<const char*> rules(rule_settings.begin(), rule_settings.end());
  static const std::vector<SettingDependency> dependencies = {
      {{"stride"}, {"window"}, {}},
      {{"validation-group", "split-seed"}, {"validation-fraction", "folds"}, {}},
      {{"huber-delta"}, {"loss"}, {"huber"}},
      {{"dispersion"}, {"loss"}, {"nb", "zinb"}},
      {{"target-sum"}, {"counts"}, {"log1p"}},
      {{"group-weights"}, {"loss"}, {"mixed"}},
      {{"corruption-strength", "corrupted-weight", "clean-weight"}, {"corruption"}, {}},
      {{"code-noise-before"}, {"code-noise"}, {}},
      {{"kl-target"}, {"kl-weight"}, {}},
      {{"k-sparse-alpha"}, {"k-sparse"}, {}},
      {{"contractive-method", "contractive-probes"}, {"contractive"}, {}},
      {{"contractive-probes"}, {"contractive-method"}, {"auto", "hutchinson"}},
      {{"hessian-sigma", "hessian-samples"}, {"hessian-weight"}, {}},
      {{"beta", "beta-warmup", "free-bits"}, {"variational"}, {}},
      {{"beta-cycles"}, {"beta-warmup"}, {}},
      {{"l1-warmup"}, {"l1", "hidden-l1"}, {}},
      {{"l0-warmup"}, {"l0"}, {}},
      {{"jumprelu-bandwidth"}, {"l0"}, {}},
      {{"k-anneal"}, {"k-start"}, {}},
      {{"predictive-weight", "predictive-iterations"}, {"predictive"}, {}},
      {{"aux-k", "aux-weight", "matryoshka", "resample-dead"}, {"sparsity"}, {}},
      {{"dead-after"}, {"sparsity", "k-sparse", "l1"}, {}},
      {{"momentum"}, rules, {"sgd", "rmsprop", "lars", "muon", "shampoo", "soap", "kfac"}},
      {{"nesterov", "momentum-schedule"}, rules, {"sgd"}},
      {{"beta1"}, rules, {"adam", "adamw", "nadam", "lamb", "muon", "shampoo", "soap", "kfac"}},
      {{"beta2"},
       rules,
       {"adam", "adamw", "nadam", "lamb", "muon", "shampoo", "soap", "kfac", "rmsprop",
        "adadelta"}},
      {{"epsilon"},
       rules,
       {"adam", "adamw", "nadam", "lamb", "muon", "shampoo", "soap", "kfac", "adagrad", "rmsprop",
        "adadelta"}},
      {{"centered"}, rules, {"rmsprop"}},
      {{"trust-coefficient"}, rules, {"lars"}},
      {{"precondition-block", "precondition-every", "statistics-every", "statistics-decay"},
       rules,
       {"shampoo", "soap", "kfac"}},
      {{"precondition-damping", "precondition-exponent"}, rules, {"shampoo"}},
      {{"graft"}, rules, {"shampoo", "kfac"}},
      {{"momentum"},
       {"kfac-momentum"},
       {"constant"},
       {"sgd", "rmsprop", "lars", "muon", "shampoo", "soap"}},
      {{"graft"}, {"kfac-momentum"}, {"constant"}, {"shampoo"}},
      {{"kfac-damping", "kfac-damping-rule", "kfac-momentum"}, rules, {"kfac"}},
      {{"optimizer-precision"}, rules, {"muon", "shampoo", "soap", "kfac"}},
      {{"lbfgs-history", "line-search", "line-search-evaluations"}, {"optimizer"}, {"lbfgs"}},
      {{"decay-biases", "encoder-decay-factor", "decoder-decay-factor"},
       {"weight-decay", "pretrain"},
       {}},
      {{"final-learning-rate"},
       {"schedule"},
       {"cosine", "cosine-restarts", "polynomial", "one-cycle"}},
      {{"decay-factor"}, {"schedule"}, {"step", "exponential", "plateau"}},
      {{"decay-epochs"}, {"schedule"}, {"step", "exponential", "cosine-restarts"}},
      {{"decay-power"}, {"schedule"}, {"polynomial"}},
      {{"period-factor"}, {"schedule"}, {"cosine-restarts"}},
      {{"patience"}, {"schedule"}, {"plateau"}},
      {{"base-batch"}, {"scale-learning-rate"}, {}},
      {{"pretrain-epochs", "pretrain-learning-rate", "pretrain-weight-decay", "pretrain-optimizer",
        "pretrain-batch"},
       {"pretrain"},
       {}},
      {{"pretrain-momentum", "rbm-steps", "rbm-sample-visible"}, {"pretrain"}, {"rbm"}},
      {{"pretrain-corruption", "pretrain-corruption-strength"}, {"pretrain"}, {"denoising"}},
      {{"init-layers"}, {"init-from"}, {}},
      {{"distill", "distill-weight"}, {"teacher"}, {}},
      {{"sync-groups", "outer-rate", "outer-momentum"}, {"sync-every"}, {}},
      {{"force-precision"}, {"precision", "optimizer-precision"}, {"bf16"}},
  };
  return dependencies;
}

std::vector<std::string> ineffective_settings_advice(const TrainConfig& config) {
  std::vector<std::string> advice;
  for (const SettingDependency& dependency : setting_dependencies()) {
    if (is_met(config, dependency)) continue;
    for (const char* name : dependency.settings) {
      if (!differs(config, name)) continue;
      const char* needed = dependency.needed.front();
      if (dependency.values.empty()) {
        advice.push_back(fmt::format("advice: --{} has no effect without --{}", name, needed));
      } else {
        advice.push_back(fmt::format("advice: --{} has no effect with --{} {}: it applies to {}",
                                     name, needed, find_setting(needed).get(config),
                                     fmt::join(dependency.values, ", ")));
      }
    }
  }
  add_auxiliary_advice(config, advice);
  return advice;
}

}  // namespace hourglass
