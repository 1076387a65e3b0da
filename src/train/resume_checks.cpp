#include "train/resume_checks.hpp"

#include <fmt/format.h>

#include "config/data_reading.hpp"
#include "engine/arithmetic.hpp"
#include "hourglass/core/error.hpp"
#include "run/feature_weights.hpp"

namespace hourglass {

namespace {

std::string text_of(const StateFile& file, const char* name) {
  const auto found = file.header.texts.find(name);
  return found == file.header.texts.end() ? std::string() : found->second;
}

}  // namespace

void check_same_run(const StateFile& file, const std::string& checkpoint, const TrainConfig& config,
                    const RunData& data, const RunPlan& plan, bool extend) {
  if (!extend && text_of(file, "data_fingerprint") != data.fingerprint()) {
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "cannot resume with --data {}: its content is not what {} was trained on; give the "
            "original data, add --extend where samples were appended, or start a new run",
            config.data, checkpoint));
  }
  if (text_of(file, "teacher_digest") != config.transfer.teacher_digest) {
    throw Error(
        ErrorKind::usage,
        fmt::format("cannot resume with --teacher {}: its weights are not those that {} was "
                    "trained with; restore them or start a new run",
                    config.transfer.teacher, checkpoint));
  }
  // Checkpoints of older versions have no fingerprint of the validation data.
  if (plan.depends_on_validation() && file.header.texts.contains("validation_fingerprint") &&
      text_of(file, "validation_fingerprint") != data.validation_fingerprint()) {
    throw Error(
        ErrorKind::usage,
        fmt::format("cannot resume with --validation {}: its content is not what {} was "
                    "validated on, and its errors "
                    "decide what becomes of the run (--keep-best, --early-stopping or --schedule "
                    "plateau); give the "
                    "original data or start a new run",
                    has_validation(config) ? validation_data(config) : "left out", checkpoint));
  }
  if (load_feature_weights(file.header) != config.model.feature_weights) {
    throw Error(ErrorKind::usage, fmt::format("cannot resume with --feature-weights {}: its "
                                              "numbers are not those that {} was trained "
                                              "with; restore them or start a new run",
                                              config.feature_weights, checkpoint));
  }
  if (text_of(file, "columns") != (config.columns.empty() ? "" : columns_text(config.columns))) {
    throw Error(ErrorKind::usage,
                fmt::format("cannot resume with --data {}: its columns are not those that {} was "
                            "trained on; give the original data or start a new run",
                            config.data, checkpoint));
  }
  if (const std::string here = arithmetic_description(config.arithmetic);
      text_of(file, "blas") != here && config.reduction == Reduction::tree) {
    throw Error(
        ErrorKind::usage,
        fmt::format("cannot resume {} here: it was trained with {} and this machine uses {}, "
                    "which would change the bits; "
                    "resume on the same CPU type (or set OPENBLAS_CORETYPE to the one before)",
                    checkpoint, text_of(file, "blas"), here));
  }
}

void check_epochs_left(const RunPlan& plan, const Position& position) {
  const Index begun = position.epoch + (position.step_in_epoch > 0 ? 1 : 0);
  if (!plan.is_pretraining(position.stage) && begun > plan.epochs(position.stage)) {
    throw Error(ErrorKind::usage,
                fmt::format("cannot resume with --epochs {}: the run is in epoch {} already",
                            plan.epochs(position.stage), begun));
  }
}

}  // namespace hourglass
