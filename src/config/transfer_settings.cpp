#include "config/transfer_settings.hpp"

#include "config/config.hpp"
#include "config/setting_rows.hpp"

namespace hourglass {

namespace {

template <class Access>
Setting layer_choice_setting(Row row, Access access) {
  return formatted_setting(
      std::move(row), access, [](const LayerChoice& choice) { return to_string(choice); },
      [](const std::string& name, const std::string& text) {
        try {
          return layer_choice_from(text);
        } catch (const Error& error) {
          throw Error(ErrorKind::usage, fmt::format("--{}: {}", name, error.what()));
        }
      });
}

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

void check_teacher_settings(const TrainConfig& config) {
  const TransferSettings& transfer = config.transfer;
  if (transfer.teacher.empty()) return;
  const AutoencoderSpec& model = config.model;
  check(model.missing != Missing::mask,
        "--teacher cannot be combined with --missing mask: use --missing mean or leave out "
        "--teacher");
  check(!model.regularization.predictive,
        "--teacher cannot be combined with --predictive: leave out one of them");
  const bool likelihood =
      distribution_of(model.loss, model.output_activation).has_value() || model.loss == Loss::mixed;
  check(transfer.distill == Distill::codes || !likelihood,
        fmt::format("--distill outputs cannot be combined with --loss {}, whose targets are no "
                    "outputs of a network: use --distill codes",
                    name_of(model.loss)));
}

}  // namespace

void check_transfer(const TrainConfig& config) {
  const TransferSettings& transfer = config.transfer;
  const bool pretrains = config.pretrain.kind != Pretrain::none;
  check(transfer.init_from.empty() || !pretrains,
        "--init-from cannot be combined with --pretrain, which trains the layers from their random "
        "start: leave out one of them");
  check(transfer.freeze.empty() || !pretrains,
        "--freeze cannot be combined with --pretrain, which trains every layer: leave out one of "
        "them");
  check(transfer.freeze.empty() || !config.model.tied,
        "--freeze cannot be combined with --tied, by which encoder and decoder share their "
        "weights: leave out one of them");
  check(transfer.freeze.empty() || !config.model.regularization.predictive,
        "--freeze cannot be combined with --predictive, which scales the decoder's weights after "
        "every update: leave out one of them");
  check_teacher_settings(config);
  check(transfer.distill_weight > 0 && transfer.distill_weight <= 1,
        fmt::format("--distill-weight must be above 0 and at most 1, not {}",
                    transfer.distill_weight));
}

std::vector<Setting> transfer_settings() {
  const std::string s = "transfer";
  return {
      text_setting({"init-from", s,
                    "Model, checkpoint or run folder whose weights the training starts from; what "
                    "does not fit starts anew"},
                   [](TrainConfig& c) -> std::string& { return c.transfer.init_from; }),
      layer_choice_setting({"init-layers", s,
                            "Layers to take from --init-from: encoder, decoder or numbers from 1 "
                            "on, comma-separated; empty: all"},
                           [](TrainConfig& c) -> LayerChoice& { return c.transfer.init_layers; }),
      layer_choice_setting({"freeze", s,
                            "Layers that are not trained, with their biases and normalization: "
                            "encoder, decoder or numbers from 1 on, comma-separated"},
                           [](TrainConfig& c) -> LayerChoice& { return c.transfer.freeze; }),
      text_setting(
          {"teacher", s,
           "Model, checkpoint or run folder that the training imitates: see --distill", Scope::run},
          [](TrainConfig& c) -> std::string& { return c.transfer.teacher; }),
      word_setting(
          {"distill", s,
           "What is imitated of --teacher: codes (of as many units), or outputs (reconstructions)"},
          [](TrainConfig& c) -> Distill& { return c.transfer.distill; }, distill_from),
      number_setting({"distill-weight", s,
                      "Weight w of imitating --teacher in the loss, above 0 and at most 1: the "
                      "samples have 1 - w"},
                     [](TrainConfig& c) -> double& { return c.transfer.distill_weight; }),
  };
}

}  // namespace hourglass
