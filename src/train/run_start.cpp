#include "train/run_start.hpp"

#include <fmt/format.h>

#include "checkpoint/state_file.hpp"
#include "config/settings.hpp"
#include "hourglass/core/error.hpp"
#include "model/frozen.hpp"
#include "nn/loss.hpp"
#include "run/initial_weights.hpp"
#include "run/model_origin.hpp"
#include "train/empty_counts.hpp"
#include "train/extension.hpp"
#include "train/gene_choice.hpp"

namespace hourglass {

RunStart start_of_run(const Communicator& communicator, const TrainConfig& config,
                      const std::optional<ResumePoint>& resume) {
  RunStart start{without_empty_counts(communicator, with_highly_variable(communicator, config)),
                 nullptr};
  if (const std::string& teacher = config.transfer.teacher; !teacher.empty()) {
    collectively(communicator, [&] {
      start.teacher = std::make_shared<const Model>(load_model(model_file_of(teacher)));
      start.config.transfer.teacher_digest = start.teacher->file.weights_digest;
    });
  }
  const std::string& name = config.transfer.init_from;
  const bool goes_on = resume && !resume->checkpoint.empty();
  if (name.empty() && !goes_on) return start;
  collectively(communicator, [&] {
    if (goes_on) {
      const StateHeader header =
          resume->state ? resume->state->header : open_state_file(resume->checkpoint).header;
      if (resume->extend || has_samples(header)) start.extended = header;
      start.config.origin = load_origin(header, resume->checkpoint);
      return;
    }
    start.source = std::make_unique<Model>(load_model(model_file_of(name), true));
    start.config = with_origin(std::move(start.config), *start.source);
  });
  return start;
}

TrainConfig completed_config(RunData& data, const RunStart& start,
                             const std::optional<ResumePoint>& resume) {
  TrainConfig config = data.completed(start.config);
  if (start.extended)
    config = with_facts_of(std::move(config), *start.extended, resume->checkpoint);
  return config;
}

namespace {

Frozen frozen_of(const TrainConfig& config, const Autoencoder& network) {
  return frozen_parameters(network, config.transfer.freeze,
                           config.origin.known() ? &config.origin.conditions : nullptr);
}

}  // namespace

void take_initial_weights(const Communicator& communicator, const Model& source,
                          const Autoencoder& network, const DataIdentity& data,
                          std::span<float> parameters, TrainConfig& config) {
  collectively(communicator, [&] {
    const WeightReceiver receiver{network, data.feature_names, config.transfer.init_layers,
                                  config.transfer.freeze};
    config.origin.taken = take_weights(source, receiver, parameters);
    network.constrain(parameters.data(), frozen_of(config, network).ranges);
  });
}

namespace {

[[noreturn]] void refuse_teacher(const TrainConfig& config, const std::string& reason) {
  throw Error(ErrorKind::usage, fmt::format("--teacher {}: {}", config.transfer.teacher, reason));
}

}  // namespace

void check_teacher(const Model& teacher, const TrainConfig& config, const Autoencoder& network) {
  const Autoencoder& taught = *teacher.network;
  if (taught.features() != network.features()) {
    refuse_teacher(config, fmt::format("it takes {} features, but the samples have {}",
                                       taught.features(), network.features()));
  }
  const bool codes = config.transfer.distill == Distill::codes;
  if (taught.spec().sparsity.on())
    refuse_teacher(config, "it has sparse codes (--sparsity), which are not imitated");
  if (codes && taught.code_size() != network.code_size()) {
    refuse_teacher(config,
                   fmt::format("its codes have {} units, but those of the network {}: give "
                               "--layers with a code of {}, or use --distill outputs",
                               taught.code_size(), network.code_size(), taught.code_size()));
  }
  const auto domain = domain_of(config.model.loss);
  const bool bounded = domain.lowest >= 0 && domain.highest <= 1;
  if (!codes && bounded && taught.spec().output_activation != Activation::sigmoid) {
    refuse_teacher(
        config, fmt::format("its outputs (--output-activation {}) may lie outside [0, 1], which "
                            "--loss {} does not take",
                            name_of(taught.spec().output_activation), name_of(config.model.loss)));
  }
}

void check_teacher_input(const Model& teacher, const TrainConfig& config,
                         const InputTransform& transform) {
  const InputTransform& own = teacher.transform;
  if (own.divisor == transform.divisor && own.mean == transform.mean &&
      own.inverse_deviation == transform.inverse_deviation && own.counts == transform.counts &&
      own.missing.treatment == transform.missing.treatment)
    return;
  refuse_teacher(config,
                 "it was trained on samples that were normalized otherwise: use its --data, "
                 "--normalize and --missing, or a teacher of these samples");
}

std::string frozen_note(const TrainConfig& config, const Autoencoder& network) {
  if (config.transfer.freeze.empty()) return "";
  return frozen_text(network, config.transfer.freeze, frozen_of(config, network));
}

std::string configuration_text(const TrainConfig& config) {
  std::string text = to_text(config);
  if (config.origin.known()) text += fmt::format("\n# {}\n", config.origin.taken);
  return text;
}

}  // namespace hourglass
