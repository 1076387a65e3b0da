// Every hint in a message about settings, followed literally: the settings are accepted then.
// tests/program/hints_test.py collects the hint("...") below and compares them with the sources.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <string>
#include <vector>

#include "cli/count_hint_rows.hpp"
#include "cli/local_step_hint_rows.hpp"
#include "cli/options.hpp"
#include "cli/sparsity_hint_rows.hpp"
#include "cli/train_arguments.hpp"
#include "config/settings.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

using namespace setting_hints;

// Settings of an acceptable run, to which the words are added.
class Settings {
 public:
  void add(const Words& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      std::string name = words[i];
      if (name.starts_with("no --")) {
        values_.erase(name.substr(5));
        continue;
      }
      const auto space = name.find(' ');
      const std::string value = space == std::string::npos ? words.at(++i) : name.substr(space + 1);
      values_[name.substr(2, space == std::string::npos ? space : space - 2)] = value;
    }
  }

  // The message of the refusal; "" when they are accepted.
  [[nodiscard]] std::string refusal() const {
    Arguments arguments;
    arguments.values = values_;
    try {
      validate(new_run(arguments));
      return "";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage) << error.what();
      return error.what();
    }
  }

 private:
  std::map<std::string, std::string> values_ = {
      {"data", "d.h5:/x"}, {"layers", "16,8"}, {"output", "out"}};
};

// The part of the message from the hint on, "" when it is not there.
std::string hint_in(const std::string& message, const std::string& hint) {
  static const std::regex special(R"([.^$|()\[\]*+?\\])");
  static const std::regex placeholder(R"(\{[^{}]*\})");
  const std::string escaped = std::regex_replace(hint, special, R"(\$&)");
  const std::regex pattern(std::regex_replace(escaped, placeholder, ".+?"));
  std::smatch match;
  return std::regex_search(message, match, pattern) ? message.substr(match.position()) : "";
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      // What a run cannot do without.
      {hint("give --data FILE.h5:/path/to/samples"),
       {"no --data"},
       {{"--data FILE.h5:/path/to/samples"}}},
      {hint("give --layers, e.g. --layers 784,1000,500,250,30"),
       {"no --layers"},
       {{"--layers 784,1000,500,250,30"}}},
      {hint("give --output FOLDER"), {"no --output"}, {{"--output FOLDER"}}},
      {hint("use --batch {} or another --micro-batch"),
       {"--batch 200", "--micro-batch 128"},
       {{"--batch 256"}, {"--micro-batch", "100"}}},
      {hint("needs --reduction tree"),
       {"--gradient-wire bf16", "--reduction allreduce"},
       {{"--reduction tree"}}},
      {hint("{} depends on the validation error: give --validation"),
       {"--keep-best true"},
       {{"--validation", "d.h5:/v"}}},
      {hint("{} depends on the validation error: give --validation"),
       {"--early-stopping 3"},
       {{"--validation", "d.h5:/v"}}},
      {hint("{} depends on the validation error: give --validation"),
       {"--schedule plateau"},
       {{"--validation", "d.h5:/v"}}},
      // Layers.
      {hint("name at least the input width and the code width, e.g. 784,30"),
       {"--layers 16"},
       {{"--layers", "784,30"}}},
      {hint("give a width (500), a shape (28x28, 7x7x32), conv:16x3s2 (16 channels, 3 x 3 kernel, "
            "stride 2) or tconv:16x3s2"),
       {"--layers 28x28,what,30"},
       {{"--layers", "28x28,500,30"},
        {"--layers", "28x28,7x7x32,30"},
        {"--layers", "28x28,conv:16x3s2,30"},
        {"--layers", "28x28,tconv:16x3s2,30"}}},
      {hint("has no channels: give at least 1"),
       {"--layers 28x28,conv:0x3s2,30"},
       {{"--layers", "28x28,conv:1x3s2,30"}}},
      {hint("has no kernel: give at least 1"),
       {"--layers 28x28,conv:4x0s2,30"},
       {{"--layers", "28x28,conv:4x1s2,30"}}},
      {hint("use less of it than the kernel is wide"),
       {"--layers 28x28,conv:4x3s1p3,30"},
       {{"--layers", "28x28,conv:4x3s1p2,30"}}},
      {hint("height x width [x channels], e.g. 28x28"),
       {"--layers 784,conv:4x3s2,30"},
       {{"--layers", "28x28,conv:4x3s2,30"}}},
      {hint("before it is a vector: write it as {}"),
       {"--layers 784,conv3d:4x3s2,30"},
       {{"--layers", "16x7x7,conv3d:4x3s2,30"}}},
      {hint("depth x height x width [x channels], e.g. 16x28x28"),
       {"--layers 784,conv3d:4x3s2,30"},
       {{"--layers", "16x28x28,conv3d:4x3s2,30"}}},
      {hint("before it is {}: use {} there"),
       {"--layers 16x16x3,conv1d:4x3,30"},
       {{"--layers", "16x16x3,conv:4x3,30"}}},
      {hint("before it is {}: use {} there"),
       {"--layers 64x3,conv1d:4x3s2,conv:4x3,30"},
       {{"--layers", "64x3,conv1d:4x3s2,conv1d:4x3,30"}}},
      {hint("and {}: leave out --image-shape"),
       {"--layers 64,conv1d:4x3,30", "--image-shape 8x8"},
       {{"no --image-shape"}}},
      {hint("use e.g. --corruption masking"),
       {"--layers 64,conv1d:4x3,30", "--corruption block"},
       {{"--corruption masking"}}},
      {hint("is not about images: use --loss mse"),
       {"--layers 64,conv1d:4x3,30", "--loss ssim"},
       {{"--loss mse"}}},
      {hint("use a smaller kernel or more padding"),
       {"--layers 4x4,conv:4x7s1p0,3"},
       {{"--layers", "4x4,conv:4x3s1p0,3"}, {"--layers", "4x4,conv:4x7s1p3,3"}}},
      // Losses and what they allow.
      {hint("use --output-activation sigmoid instead of {}, or --loss mse"),
       {"--loss bce", "--output-activation linear"},
       {{"--output-activation sigmoid"}, {"--loss mse"}}},
      {hint("use --output-activation softplus (or sigmoid; or linear, for exp) instead of {}"),
       {"--loss poisson", "--output-activation relu"},
       {{"--output-activation softplus"},
        {"--output-activation", "sigmoid"},
        {"--output-activation", "linear"}}},
      // Noise and penalties.
      {hint("use a number from 0 to {:g}"),
       {"--corruption masking", "--corruption-strength 2"},
       {{"--corruption-strength", "0"}, {"--corruption-strength", "1"}}},
      {hint("use --{} for the code"), {"--hidden-l1 0.1"}, {{"no --hidden-l1", "--l1", "0.1"}}},
      {hint("use --{} for the code"),
       {"--hidden-noise dropout:0.2"},
       {{"no --hidden-noise", "--code-noise", "dropout:0.2"}}},
      {hint("count from 1, first those of the encoder, without the code"),
       {"--layers 16,12,8", "--hidden-l1 3=0.1"},
       {{"--hidden-l1", "1=0.1"}, {"--hidden-l1", "2=0.1"}}},
      {hint("use --code-activation sigmoid instead of {} and no --k-sparse"),
       {"--kl-weight 1"},
       {{"--code-activation sigmoid"}}},
      {hint("use --code-activation sigmoid instead of {} and no --k-sparse"),
       {"--kl-weight 1", "--k-sparse 3"},
       {{"--code-activation sigmoid", "no --k-sparse"}}},
      {hint("use --code-activation linear instead of {}"),
       {"--variational true", "--code-activation sigmoid"},
       {{"--code-activation linear"}}},
      {hint("end --layers {} with a width, e.g. 30"),
       {"--variational true", "--layers 28x28,conv:4x3s2"},
       {{"--layers", "28x28,conv:4x3s2,30"}}},
      {hint("use exact or hutchinson"),
       {"--contractive 0.1", "--contractive-method closed-form", "--layers 16,12,8"},
       {{"--contractive-method", "exact"}, {"--contractive-method", "hutchinson"}}},
      {hint("use e.g. --l1 0.1"),
       {"--predictive true", "--output-activation linear"},
       {{"--l1 0.1"}}},
      {hint("use --decoder-layers {},{} instead of {}"),
       {"--predictive true", "--l1 0.1", "--output-activation linear", "--layers 16,12,8"},
       {{"--decoder-layers 8,16"}}},
      {hint("use --output-activation linear instead of {}"),
       {"--predictive true", "--l1 0.1", "--output-activation sigmoid"},
       {{"--output-activation linear"}}},
      {hint("use --loss mse instead of {}"),
       {"--predictive true", "--l1 0.1", "--output-activation linear", "--loss mae"},
       {{"--loss mse"}}},
      // Training from trained models.
      {hint("trains the layers from their random start: leave out one of them"),
       {"--init-from m.h5", "--pretrain autoencoder"},
       {{"no --init-from"}, {"no --pretrain"}}},
      {hint("which --sparse-update skips: use --gradient-wire bf16"),
       {"--gradient-wire int8", "--sparse-update true"},
       {{"--gradient-wire bf16"}}},
      {hint("of which --optimizer kfac makes its factors: use --gradient-wire bf16"),
       {"--gradient-wire powersgd:2", "--optimizer kfac"},
       {{"--gradient-wire bf16"}}},
      {hint("but --tied shares them: use --optimizer shampoo"),
       {"--optimizer kfac", "--tied true"},
       {{"--optimizer shampoo"}}},
      {hint("but those of --sparsity are not: use --optimizer shampoo"),
       {"--optimizer kfac", "--sparsity topk:3"},
       {{"--optimizer shampoo"}}},
      {hint("which --pretrain rbm has not: use --pretrain-optimizer sgd"),
       {"--pretrain rbm", "--pretrain-optimizer kfac"},
       {{"--pretrain-optimizer sgd"}}},
      {hint("trains every layer: leave out one of them"),
       {"--freeze 1", "--pretrain autoencoder"},
       {{"no --freeze"}, {"no --pretrain"}}},
      {hint("share their weights: leave out one of them"),
       {"--freeze 1", "--tied true"},
       {{"no --freeze"}, {"no --tied"}}},
      {hint("scales the decoder's weights after every update: leave out one of them"),
       {"--freeze 1", "--predictive true", "--l1 0.1", "--output-activation linear"},
       {{"no --freeze"}, {"no --predictive"}}},
      {hint("cannot be combined with --missing mask: use --missing mean or leave out --teacher"),
       {"--teacher t.h5", "--missing mask"},
       {{"--missing mean"}, {"no --teacher"}}},
      {hint("--teacher cannot be combined with --predictive: leave out one of them"),
       {"--teacher t.h5", "--predictive true", "--l1 0.1", "--output-activation linear"},
       {{"no --teacher"}, {"no --predictive"}}},
      {hint("--teacher cannot be combined with --sparsity: leave out one of them"),
       {"--teacher t.h5", "--sparsity topk:2"},
       {{"no --teacher"}, {"no --sparsity"}}},
      {hint("whose threshold follows every update: use e.g. --sparsity topk:8"),
       {"--freeze 1", "--sparsity batch-topk:2"},
       {{"--sparsity topk:8"}}},
      {hint("whose targets are no outputs of a network: use --distill codes"),
       {"--teacher t.h5", "--distill outputs", "--loss nb", "--output-activation linear"},
       {{"--distill codes"}}},
      // Missing elements.
      {hint("use --loss mse, or --missing mean"),
       {"--layers 4x4,8", "--loss ssim", "--missing mask"},
       {{"--loss mse"}, {"--missing mean"}}},
      {hint("cannot be combined with --missing mask: use --missing mean"),
       {"--predictive true", "--l1 0.1", "--output-activation linear", "--missing mask"},
       {{"--missing mean"}}},
      {hint("use --missing mask, or leave out --missing-indicator"),
       {"--missing-indicator true"},
       {{"--missing mask"}, {"no --missing-indicator"}}},
      {hint("leave out --tied or --missing-indicator"),
       {"--missing mask", "--missing-indicator true", "--tied true"},
       {{"no --tied"}, {"no --missing-indicator"}}},
      {hint("whose inputs are 0 or 1: use one or the other"),
       {"--missing mask", "--missing-indicator true", "--contractive 0.1"},
       {{"no --contractive"}, {"no --missing-indicator"}}},
      {hint("use --missing mean, or --pretrain denoising"),
       {"--missing mask", "--pretrain rbm", "--activation sigmoid"},
       {{"--missing mean"}, {"--pretrain denoising"}}},
      // Optimizers.
      {hint("needs a --momentum above 0 (0.9 is usual)"),
       {"--optimizer sgd", "--nesterov true"},
       {{"--momentum", "0.9"}}},
      {hint("needs a --momentum above 0, the largest that it reaches (0.99 is usual)"),
       {"--optimizer sgd", "--momentum-schedule sutskever"},
       {{"--momentum", "0.99"}}},
      {hint("use e.g. USR1,USR2"), {"--stop-signal KILL"}, {{"--stop-signal", "USR1,USR2"}}},
      // Pretraining.
      {hint("give one for all or one per layer"),
       {"--pretrain rbm", "--activation sigmoid", "--layers 16,12,8", "--pretrain-epochs 1,2,3"},
       {{"--pretrain-epochs", "5"}, {"--pretrain-epochs", "5,3"}}},
      {hint("--pretrain-epochs is empty: give one number, or one per layer"),
       {"--pretrain rbm", "--activation sigmoid", "--layers 16,12,8", "--pretrain-epochs "},
       {{"--pretrain-epochs", "5"}, {"--pretrain-epochs", "5,3"}}},
      {hint("--pretrain-corruption-strength is empty: give one number, or one per layer"),
       {"--pretrain denoising", "--layers 16,12,8", "--pretrain-corruption-strength "},
       {{"--pretrain-corruption-strength", "0.2"}, {"--pretrain-corruption-strength", "0.2,0.1"}}},
      {hint("use gaussian, masking or salt-pepper"),
       {"--pretrain denoising", "--pretrain-corruption none"},
       {{"--pretrain-corruption", "gaussian"},
        {"--pretrain-corruption", "masking"},
        {"--pretrain-corruption", "salt-pepper"}}},
  };
  return all;
}

std::vector<Row> all_rows() {
  std::vector<Row> all = rows();
  for (const std::vector<Row>& more :
       {count_hint_rows(), local_step_hint_rows(), sparsity_hint_rows()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(SettingHints, followed_literally_they_help) {
  for (const Row& row : all_rows()) {
    SCOPED_TRACE(row.hint);
    Settings settings;
    settings.add(row.given);
    const std::string message = settings.refusal();
    const std::string advice = hint_in(message, row.hint);
    EXPECT_FALSE(advice.empty()) << "the message is: " << message;
    for (const Words& words : row.alternatives) {
      for (const std::string& word : words) {
        if (word.starts_with("--") && word.find(' ') != std::string::npos) {
          EXPECT_NE(advice.find(word), std::string::npos) << word << " is not in: " << advice;
        } else if (word.starts_with("--")) {
          EXPECT_NE(message.find(word), std::string::npos) << word << " is not in: " << message;
        }
      }
      Settings followed = settings;
      followed.add(words);
      EXPECT_EQ(followed.refusal(), "") << fmt::format("with {}", fmt::join(words, " "));
    }
  }
}

// "unknown x 'y'; use one of: a, b, c" and "--x is 'y', but one of a, b, c is expected".
TEST(SettingHints, every_choice_that_is_offered_is_accepted) {
  const std::regex list(R"((?:one of:?|but) ([-a-z0-9]+(?:(?:, | or )[-a-z0-9]+)+))");
  const std::regex item(R"([-a-z0-9]+)");
  int lists = 0;
  for (const Setting& setting : train_settings()) {
    TrainConfig config;
    std::string message;
    try {
      setting.set(config, "no-such-choice");
    } catch (const Error& error) {
      message = error.what();
    }
    std::smatch match;
    if (!std::regex_search(message, match, list)) continue;
    ++lists;
    const std::string choices = match[1];
    for (auto at = std::sregex_iterator(choices.begin(), choices.end(), item);
         at != std::sregex_iterator(); ++at) {
      if (at->str() == "or") continue;
      EXPECT_NO_THROW(setting.set(config, at->str())) << setting.name;
    }
  }
  EXPECT_GT(lists, 15);
}

// A value that a setting refuses is refused with its name, once.
TEST(SettingHints, a_refusal_names_the_setting_once) {
  int refusals = 0;
  for (const Setting& setting : train_settings()) {
    for (const char* value : {"nonsense", "-1", "1e30", "2", ""}) {
      Settings settings;
      settings.add({"--" + setting.name, value});
      std::string message = settings.refusal();
      if (message.empty()) continue;
      ++refusals;
      // What follows the complaint may name it again, to say which value to use.
      message = message.substr(0, std::min(message.find("; "), message.find(": use ")));
      const std::regex name("--" + setting.name + "(?![-a-z0-9])");
      const auto times =
          std::distance(std::sregex_iterator(message.begin(), message.end(), name), {});
      if (std::string(value).empty() && message.starts_with("no ")) {
        // "no network: give --layers, e.g. --layers 784,30": the setting is named to be given.
        EXPECT_GE(times, 1) << setting.name << ": " << message;
      } else {
        EXPECT_EQ(times, 1) << setting.name << " = '" << value << "': " << message;
      }
    }
  }
  EXPECT_GT(refusals, 200);
}

TEST(SettingHints, a_mistyped_name_or_choice_gets_the_nearest) {
  const auto message_of = [](const auto& action) -> std::string {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::regex suggestion(R"(did you mean '?-*([-a-z0-9]+)'?\?)");
  std::smatch match;
  const std::string option = message_of([] {
    static_cast<void>(parse_arguments(train_options(), {"--layer", "16,8"}, 0));
  });
  ASSERT_TRUE(std::regex_search(option, match, suggestion)) << option;
  EXPECT_NO_THROW(
      static_cast<void>(parse_arguments(train_options(), {"--" + match.str(1), "16,8"}, 0)));
  TrainConfig config;
  const std::string setting = message_of([&] { apply_text("layer = 16,8", "file", config); });
  ASSERT_TRUE(std::regex_search(setting, match, suggestion)) << setting;
  EXPECT_NO_THROW(apply_text(match.str(1) + " = 16,8", "file", config));
  const std::string choice = message_of([&] { apply_text("optimizer = adan", "file", config); });
  ASSERT_TRUE(std::regex_search(choice, match, suggestion)) << choice;
  EXPECT_NO_THROW(apply_text("optimizer = " + match.str(1), "file", config));
}

}  // namespace
}  // namespace hourglass
