#include "config/ineffective_settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "config/settings.hpp"
#include "hourglass/core/error.hpp"
#include "optim/block_trial.hpp"
#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::BlockTrial;
using test::normal_numbers;
using test::Trial;

TrainConfig configured(const std::string& text) {
  TrainConfig config;
  apply_text(text, "test", config);
  return config;
}

bool is_ineffective(const TrainConfig& config, const std::string& name) {
  const auto advice = ineffective_settings_advice(config);
  return std::ranges::any_of(advice, [&](const std::string& line) {
    return line.find("--" + name + " has no effect") != std::string::npos;
  });
}

TEST(IneffectiveSettings, NamesWhatASettingIsFor) {
  EXPECT_EQ(ineffective_settings_advice(configured("beta = 4")),
            std::vector<std::string>{"advice: --beta has no effect without --variational"});
  EXPECT_EQ(ineffective_settings_advice(configured("momentum = 0.9")),
            std::vector<std::string>{"advice: --momentum has no effect with --optimizer adam: it "
                                     "applies to sgd, rmsprop, lars, muon, shampoo, soap, kfac"});
  EXPECT_EQ(ineffective_settings_advice(configured(
                "contractive = 0.1\ncontractive-method = exact\ncontractive-probes = 3")),
            std::vector<std::string>{"advice: --contractive-probes has no effect with "
                                     "--contractive-method exact: it applies to auto, "
                                     "hutchinson"});
  EXPECT_EQ(ineffective_settings_advice(configured("rbm-steps = 2\npretrain = denoising")),
            std::vector<std::string>{
                "advice: --rbm-steps has no effect with --pretrain denoising: it applies to rbm"});
}

// Whose defaults are those of the optimizer.
TEST(IneffectiveSettings, MomentumOfTheQuadraticModelIsItsOwn) {
  const std::string quadratic = "optimizer = kfac\nkfac-momentum = quadratic\n";
  EXPECT_TRUE(ineffective_settings_advice(configured(quadratic)).empty());
  for (const char* momentum : {"0", "0.5"}) {
    EXPECT_EQ(
        ineffective_settings_advice(configured(quadratic + "momentum = " + momentum)),
        std::vector<std::string>{"advice: --momentum has no effect with --kfac-momentum quadratic: "
                                 "it applies to constant"});
  }
  // As a resumed run has it, of which all settings are known.
  EXPECT_TRUE(ineffective_settings_advice(configured(quadratic + "momentum = 0.9")).empty());
  EXPECT_FALSE(is_ineffective(configured("optimizer = kfac\nmomentum = 0"), "momentum"));
  // Another optimizer that uses it.
  for (const char* other : {"optimizer = sgd", "optimizer = kfac\npretrain-optimizer = sgd"}) {
    EXPECT_FALSE(is_ineffective(
        configured(std::string(other) + "\nkfac-momentum = quadratic\nmomentum = 0.5"),
        "momentum"));
  }
  EXPECT_FALSE(is_ineffective(
      configured("optimizer = shampoo\nkfac-momentum = quadratic\ngraft = adam"), "graft"));
}

TEST(IneffectiveSettings, AuxiliaryWeightIsForCodesWithAnAuxiliaryLoss) {
  const std::string weight = "layers = 16,24\naux-weight = 0.1\n";
  EXPECT_TRUE(is_ineffective(configured(weight), "aux-weight"));
  for (const char* text :
       {"sparsity = l1\nl1 = 0.1", "sparsity = gated\nl1 = 0.1", "sparsity = jumprelu\nl0 = 0.1",
        "sparsity = topk:2\nloss = mae", "sparsity = topk:2\naux-k = 0",
        "sparsity = topk:2\ndecoder-layers = 24,12,16"})
    EXPECT_TRUE(is_ineffective(configured(weight + text), "aux-weight")) << text;
  for (const char* text : {"sparsity = topk:2", "sparsity = batch-topk:2\naux-k = 4"})
    EXPECT_FALSE(is_ineffective(configured(weight + text), "aux-weight")) << text;
}

TEST(IneffectiveSettings, AreSilentWhereTheyAreUsed) {
  for (const char* text : {"", "beta = 4\nvariational = true", "momentum = 0.9\noptimizer = sgd",
                           "momentum = 0.9\npretrain = denoising\npretrain-optimizer = sgd",
                           "decay-epochs = 3\nschedule = step",
                           "corruption = masking\ncorruption-strength = 0.5\nclean-weight = 0"}) {
    EXPECT_TRUE(ineffective_settings_advice(configured(text)).empty()) << text;
  }
}

// The table speaks of settings and values that there are: each of them is accepted.
TEST(IneffectiveSettings, AreSettings) {
  for (const SettingDependency& dependency : setting_dependencies()) {
    for (const char* name : dependency.settings)
      EXPECT_NO_THROW(static_cast<void>(find_setting(name))) << name;
    EXPECT_NO_THROW(static_cast<void>(find_setting(dependency.needed.front())));
    for (const std::string& value : dependency.values) {
      TrainConfig config;
      EXPECT_NO_THROW(find_setting(dependency.needed.front()).set(config, value))
          << dependency.needed.front() << " " << value;
    }
  }
}

// All that an update rule computes: what it updates, the directions of a matrix-wise one and the
// ratios of a layer-wise one.
std::vector<std::vector<float>> computed(const OptimizerSettings& settings) {
  constexpr std::size_t size = 64;
  Trial trial(settings, normal_numbers(size, 0));
  BlockTrial block;
  std::vector<std::vector<float>> result;
  // The intervals of statistics have grown by the 32nd step, and the 40th or 48th makes roots of
  // them.
  for (Index number = 1; number <= 50; ++number) {
    const UpdateStep step = {.step = number, .learning_rate = 0.01};
    const auto gradient = normal_numbers(size, static_cast<std::uint64_t>(number));
    if (const MatrixRule* const rule = trial.optimizer->matrix_rule()) {
      std::vector<float*> state;
      for (auto& moment : trial.state) state.push_back(moment.data());
      std::vector<float> direction(size);
      rule->collect(step.gradient_scale, gradient, state, direction);
      result.push_back(direction);
      block.transform(*rule, step.step, Matrix(result.back().data(), 4, size / 4));
    }
    if (trial.optimizer->layer_wise())
      result.push_back({static_cast<float>(trial.optimizer->trust_ratio(step, 2, 3))});
    trial.update(step, gradient);
    result.push_back(trial.parameters);
  }
  return result;
}

// What the table says of each optimizer is what the optimizer does: a setting has no effect exactly
// if no number depends on it.
TEST(IneffectiveSettings, AreThoseThatAnOptimizerDoesNotUse) {
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"momentum", "0.5"},
      {"beta1", "0.5"},
      {"beta2", "0.9"},
      {"epsilon", "0.1"},
      {"centered", "true"},
      {"trust-coefficient", "0.1"},
      {"precondition-every", "2"},
      {"statistics-every", "1"},
      {"statistics-decay", "0.5"},
      {"precondition-damping", "0.1"},
      {"precondition-exponent", "0.5"},
      {"kfac-damping", "0.1"},
      {"kfac-momentum", "quadratic"},
      {"graft", "adam"}};
  for (const std::string& rule : optimizer_names()) {
    for (const auto& [name, value] : changes) {
      const TrainConfig plain = configured("optimizer = " + rule);
      const TrainConfig changed = configured("optimizer = " + rule + "\n" + name + " = " + value);
      EXPECT_EQ(is_ineffective(changed, name),
                computed(plain.optimizer) == computed(changed.optimizer))
          << rule << " --" << name;
    }
    const std::string moving = "momentum = 0.9\noptimizer = " + rule;
    for (const auto& [name, value] :
         {std::pair{"nesterov", "true"}, {"momentum-schedule", "sutskever"}}) {
      const TrainConfig changed = configured(moving + "\n" + name + " = " + value);
      EXPECT_EQ(is_ineffective(changed, name),
                computed(configured(moving).optimizer) == computed(changed.optimizer))
          << rule << " --" << name;
    }
  }
}

}  // namespace
}  // namespace hourglass
