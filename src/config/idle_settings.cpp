#include "config/idle_settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/settings.hpp"

namespace hourglass {

namespace {

bool differs(const TrainConfig& config, const char* name) {
  const Setting& setting = find_setting(name);
  return setting.get(config) != setting.get(TrainConfig{});
}

bool is_met(const TrainConfig& config, const SettingNeed& need) {
  return std::ranges::any_of(need.needed, [&](const char* name) {
    if (need.values.empty()) return differs(config, name);
    return std::ranges::find(need.values, find_setting(name).get(config)) != need.values.end();
  });
}

}  // namespace

std::span<const SettingNeed> setting_needs() {
  static const std::vector<const char*> rules = {"optimizer", "pretrain-optimizer"};
  static const std::vector<SettingNeed> needs = {
      {{"huber-delta"}, {"loss"}, {"huber"}},
      {{"corruption-strength", "corrupted-weight", "clean-weight"}, {"corruption"}, {}},
      {{"code-noise-before"}, {"code-noise"}, {}},
      {{"kl-target"}, {"kl-weight"}, {}},
      {{"k-sparse-alpha"}, {"k-sparse"}, {}},
      {{"contractive-method", "contractive-probes"}, {"contractive"}, {}},
      {{"contractive-probes"}, {"contractive-method"}, {"auto", "hutchinson"}},
      {{"hessian-sigma", "hessian-samples"}, {"hessian-weight"}, {}},
      {{"beta", "free-bits"}, {"variational"}, {}},
      {{"predictive-weight", "predictive-iterations"}, {"predictive"}, {}},
      {{"momentum"}, rules, {"sgd", "rmsprop", "lars", "muon"}},
      {{"nesterov", "momentum-schedule"}, rules, {"sgd"}},
      {{"beta1"}, rules, {"adam", "adamw", "nadam", "lamb", "muon"}},
      {{"beta2"}, rules, {"adam", "adamw", "nadam", "lamb", "muon", "rmsprop", "adadelta"}},
      {{"epsilon"},
       rules,
       {"adam", "adamw", "nadam", "lamb", "muon", "adagrad", "rmsprop", "adadelta"}},
      {{"centered"}, rules, {"rmsprop"}},
      {{"trust-coefficient"}, rules, {"lars"}},
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
      {{"force-precision"}, {"precision"}, {"bf16"}},
  };
  return needs;
}

std::vector<std::string> idle_settings_advice(const TrainConfig& config) {
  std::vector<std::string> advice;
  for (const SettingNeed& need : setting_needs()) {
    if (is_met(config, need)) continue;
    for (const char* name : need.settings) {
      if (!differs(config, name)) continue;
      const char* needed = need.needed.front();
      if (need.values.empty()) {
        advice.push_back(fmt::format("advice: --{} has no effect without --{}", name, needed));
      } else {
        advice.push_back(fmt::format("advice: --{} has no effect with --{} {}: it is for {}", name,
                                     needed, find_setting(needed).get(config),
                                     fmt::join(need.values, ", ")));
      }
    }
  }
  return advice;
}

}  // namespace hourglass
