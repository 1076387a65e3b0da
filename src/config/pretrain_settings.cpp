
#include "config/setting_rows.hpp"
#include "core/text_list.hpp"

namespace hourglass {

namespace {

// A list of numbers, whole or not; may be empty.
template <class Access>
Setting numbers_setting(Row row, Access access) {
  using Value =
      typename std::remove_reference_t<decltype(access(std::declval<TrainConfig&>()))>::value_type;
  return {row.name,
          row.section,
          row.help,
          false,
          row.scope,
          [access](const TrainConfig& c) {
            return fmt::format("{}", fmt::join(access(const_cast<TrainConfig&>(c)), ","));
          },
          [access, name = row.name](TrainConfig& c, const std::string& text) {
            std::vector<Value> values;
            for (const std::string& value : split_list(text)) {
              values.push_back(parse_number<Value>(name, value,
                                                   std::is_integral_v<Value>
                                                       ? "a whole number or a list of them"
                                                       : "a number or a list of them"));
            }
            access(c) = std::move(values);
          }};
}

}  // namespace

std::vector<Setting> pretrain_settings() {
  const std::string s = "pretraining";
  std::vector<std::string> optimizers = optimizer_names();
  optimizers.insert(optimizers.begin(), "auto");
  return {
      word_setting(
          {"pretrain", s,
           fmt::format("Greedy layer-wise pretraining before the whole network is trained: {}",
                       fmt::join(pretrain_names(), ", "))},
          [](TrainConfig& c) -> Pretrain& { return c.pretrain.kind; }, pretrain_from),
      numbers_setting(
          {"pretrain-epochs", s, "Epochs per layer: one number for all layers, or a list"},
          [](TrainConfig& c) -> std::vector<Index>& { return c.pretrain.epochs; }),
      numbers_setting(
          {"pretrain-learning-rate", s,
           "Learning rate, or a list with one per layer; empty: 0.1 for rbm (0.001 with Gaussian "
           "units), otherwise --learning-rate"},
          [](TrainConfig& c) -> std::vector<double>& { return c.pretrain.learning_rate; }),
      numbers_setting(
          {"pretrain-weight-decay", s,
           "Weight decay, or a list with one per layer; empty: 0.0002 for rbm, otherwise "
           "--weight-decay"},
          [](TrainConfig& c) -> std::vector<double>& { return c.pretrain.weight_decay; }),
      choice_setting(
          {"pretrain-optimizer", s,
           "Optimizer; auto: sgd for rbm, otherwise --optimizer (adam instead of lbfgs)"},
          optimizers, [](TrainConfig& c) -> std::string& { return c.pretrain.optimizer; }),
      number_setting({"pretrain-momentum", s,
                      "rbm: momentum after the first 5 epochs, during which it is at most 0.5"},
                     [](TrainConfig& c) -> double& { return c.pretrain.momentum; }),
      integer_setting({"pretrain-batch", s, "Global batch size during pretraining; 0: --batch"},
                      [](TrainConfig& c) -> Index& { return c.pretrain.batch; }),
      word_setting(
          {"pretrain-corruption", s,
           "denoising: corruption of each layer's input: gaussian, masking, salt-pepper"},
          [](TrainConfig& c) -> Corruption& { return c.pretrain.corruption; }, corruption_from),
      numbers_setting(
          {"pretrain-corruption-strength", s,
           "denoising: strength as for --corruption-strength, or a list with one per layer"},
          [](TrainConfig& c) -> std::vector<double>& { return c.pretrain.corruption_strength; }),
      integer_setting({"rbm-steps", s, "rbm: Gibbs steps k of contrastive divergence (CD-k)"},
                      [](TrainConfig& c) -> Index& { return c.pretrain.rbm_steps; }),
      flag_setting({"rbm-sample-visible", s,
                    "rbm: sample the visible units of the chain instead of using their means"},
                   [](TrainConfig& c) -> bool& { return c.pretrain.rbm_sample_visible; }),
  };
}

}  // namespace hourglass
