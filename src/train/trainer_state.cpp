// The part of the trainer that goes to disk and comes back: checkpoints, the final model, resuming.
#include <fmt/format.h>
#include <gnu/libc-version.h>

#include <algorithm>
#include <cmath>

#include "config/settings.hpp"
#include "core/activity.hpp"
#include "engine/arithmetic.hpp"
#include "hourglass/comm/environment.hpp"
#include "hourglass/core/error.hpp"
#include "optim/schedule.hpp"
#include "run/feature_weights.hpp"
#include "run/model_file.hpp"
#include "run/version.hpp"
#include "system/atomic_file.hpp"
#include "train/diagnosis.hpp"
#include "train/trainer.hpp"

namespace hourglass {

namespace {

constexpr const char* epoch_loss_path = "/position/epoch_loss";
constexpr const char* epoch_squared_error_path = "/position/epoch_squared_error";
constexpr const char* epoch_penalty_path = "/position/epoch_penalty";

// After normalize() a word of an exact sum is below 2^53, so doubles keep it.
std::vector<double> to_doubles(ExactSum& sum) {
  sum.normalize();
  return {sum.words().begin(), sum.words().end()};
}

void from_doubles(const StateHeader& header, const char* path, ExactSum& sum) {
  const auto found = header.doubles.find(path);
  if (found == header.doubles.end() || found->second.size() != sum.words().size()) {
    throw Error(ErrorKind::data, fmt::format("the checkpoint has no {}", path));
  }
  for (std::size_t i = 0; i < sum.words().size(); ++i)
    sum.words()[i] = static_cast<std::int64_t>(found->second[i]);
}

}  // namespace

bool Trainer::checkpoint_due() const {
  const auto count = static_cast<Index>(config_.checkpoint_every.count);
  switch (config_.checkpoint_every.unit) {
    case Interval::Unit::steps:
      return count > 0 && position_.step % count == 0;
    case Interval::Unit::epochs:
      return count > 0 && position_.step_in_epoch == 0 && position_.epoch % count == 0;
    case Interval::Unit::seconds:
      return checkpoint_requested_;
  }
  return false;
}

void Trainer::checkpoint() {
  const PhaseSpan span(recorder(), Phase::checkpoint);
  const Timer timer;
  activity::enter(Work::checkpointing);
  if (config_.reliability.verify_every > 0) verify();
  // A parameter that became infinite shows in the loss only one step later: never let it into a
  // checkpoint.
  if (!stage_->is_finite()) {
    diverged(fmt::format("{} is not finite",
                         non_finite_tensor(stage_->model().layout(), stage_->parameters())));
  }
  auto [header, arenas] = state(true);
  checkpoints_->write(position_.step, header, std::move(arenas));
  since_checkpoint_.restart();
  if (time_limit_)
    time_limit_->checkpoint_took(std::max(timer.seconds(), checkpoints_->take_duration()));
  for (Clock* clock : {&step_clock_, &epoch_clock_}) clock->checkpoint += timer.seconds();
}

std::pair<StateHeader, std::vector<StoredArena>> Trainer::state(bool with_optimizer) {
  StateHeader header;
  header.configuration = to_text(config_);
  header.texts["tool_version"] = version();
  header.texts["blas"] = arithmetic_description(config_.arithmetic);
  header.texts["data_fingerprint"] = data_fingerprint_;
  header.texts["validation_fingerprint"] = validation_fingerprint_;
  store_transform(transform_, header);
  store_feature_weights(config_.model.feature_weights, header);
  for (const auto& [name, values] : history_) header.doubles[name] = values;
  const auto tensors = stored_tensors(model_.layout());
  StoredArena parameters{"/model", tensors, {}, {}};
  if (is_pretraining()) {
    // Every rank has all of it: each writes its part.
    pretraining_.give(position_.stage, *layer_, layer_parameters_.span(), parameters_.span());
    parameters.ranges.push_back({0, parameters_.size()});
    parameters.values.push_back(parameters_.data());
  } else {
    for (const Range& range : stage_->owned()) {
      parameters.ranges.push_back(range);
      parameters.values.push_back(parameters_.data() + range.begin);
    }
  }
  std::vector<StoredArena> arenas;
  if (!with_optimizer && stage_->segment().averages())
    parameters = stage_->segment().stored_average(tensors);
  if (with_optimizer) {
    header.position = {{"stage", position_.stage},
                       {"epoch", position_.epoch},
                       {"step_in_epoch", position_.step_in_epoch},
                       {"step", position_.step},
                       {"samples", position_.samples},
                       {"epoch_samples", epoch_samples_}};
    header.doubles[epoch_loss_path] = to_doubles(epoch_loss_);
    header.doubles[epoch_squared_error_path] = to_doubles(epoch_squared_error_);
    header.doubles[epoch_penalty_path] = to_doubles(epoch_penalty_);
    arenas = full_batch_
                 ? full_batch_->stored(tensors, header.position)
                 : stage_->segment().stored(
                       is_pretraining() ? pretraining_.tensors(position_.stage, *layer_) : tensors);
  }
  arenas.insert(arenas.begin(), std::move(parameters));
  return {std::move(header), std::move(arenas)};
}

void Trainer::write_state(const std::string& path, bool with_optimizer) {
  const PhaseSpan span(recorder(), Phase::checkpoint);
  activity::enter(Work::checkpointing);
  const auto [header, arenas] = state(with_optimizer);
  write_state_file(communicator_, path, header, arenas);
}

void Trainer::write_model() {
  const auto errors = validation_errors();
  if (!config_.keep_best || errors.empty() || is_best_epoch())
    return write_weights(folder_.model_path());
  // Some epoch before was the best: its file stands ready.
  collectively(communicator_, [&] {
    if (communicator_.is_root()) copy_atomically(folder_.best_path(), folder_.model_path());
  });
}

void Trainer::restore(ResumePoint& point) {
  const std::string& checkpoint = point.checkpoint;
  StateFile file;
  collectively(communicator_, [&] {
    file = point.state ? std::move(*point.state) : open_state_file(checkpoint);
    check_tensors(file, model_.layout());
    const auto text = [&](const char* name) {
      const auto found = file.header.texts.find(name);
      return found == file.header.texts.end() ? std::string() : found->second;
    };
    if (text("data_fingerprint") != data_fingerprint_) {
      throw Error(
          ErrorKind::usage,
          fmt::format(
              "cannot resume with --data {}: its content is not what {} was trained on; give the "
              "original data or start a new run",
              config_.data, checkpoint));
    }
    const bool validation_decides = config_.keep_best || config_.early_stopping > 0 ||
                                    Schedule(whole_settings().schedule, 1, 1).watches_validation();
    if (validation_decides && file.header.texts.contains("validation_fingerprint") &&
        text("validation_fingerprint") != validation_fingerprint_) {
      throw Error(
          ErrorKind::usage,
          fmt::format("cannot resume with --validation {}: its content is not what {} was "
                      "validated on, and its errors "
                      "decide what becomes of the run (--keep-best, --early-stopping or --schedule "
                      "plateau); give the "
                      "original data or start a new run",
                      config_.validation.empty() ? "left out" : config_.validation, checkpoint));
    }
    if (load_feature_weights(file.header) != config_.model.feature_weights) {
      throw Error(ErrorKind::usage, fmt::format("cannot resume with --feature-weights {}: its "
                                                "numbers are not those that {} was trained "
                                                "with; restore them or start a new run",
                                                config_.feature_weights, checkpoint));
    }
    if (const std::string here = arithmetic_description(config_.arithmetic);
        text("blas") != here && config_.reduction == Reduction::tree) {
      throw Error(
          ErrorKind::usage,
          fmt::format("cannot resume {} here: it was trained with {} and this machine uses {}, "
                      "which would change the bits; "
                      "resume on the same CPU type (or set OPENBLAS_CORETYPE to the one before)",
                      checkpoint, text("blas"), here));
    }
    restore_position(file);
    const Index begun = position_.epoch + (position_.step_in_epoch > 0 ? 1 : 0);
    if (!is_pretraining() && begun > config_.epochs) {
      throw Error(ErrorKind::usage,
                  fmt::format("cannot resume with --epochs {}: the run is in epoch {} already",
                              config_.epochs, begun));
    }
    transform_ = load_transform(file.header);
    read_arena(file, "/model", parameters_.span());
  });
  begin_stage();
  full_batch_ ? full_batch_->load(file) : stage_->segment().load(file);
  checkpoints_->start_from(checkpoint, position_.step);
}

void Trainer::restore_position(const StateFile& file) {
  const auto position = [&](const char* name) {
    const auto found = file.header.position.find(name);
    if (found == file.header.position.end()) {
      throw Error(ErrorKind::data,
                  fmt::format("{} is not a checkpoint: it has no position", file.path));
    }
    return found->second;
  };
  // Files of before there was pretraining know no stages.
  const Index stage = file.header.position.contains("stage") ? position("stage") : 0;
  position_ = {stage, position("epoch"), position("step_in_epoch"), position("step"),
               position("samples")};
  epoch_samples_ = position("epoch_samples");
  from_doubles(file.header, epoch_loss_path, epoch_loss_);
  from_doubles(file.header, epoch_squared_error_path, epoch_squared_error_);
  from_doubles(file.header, epoch_penalty_path, epoch_penalty_);
  for (const auto& [name, values] : file.header.doubles) {
    if (name.starts_with("/history/")) history_[name] = values;
  }
}

namespace {

// What the C library goes by when it chooses between functions that round differently.
std::string cpu_type() {
#if defined(__x86_64__)
  return fmt::format("{}{}", __builtin_cpu_supports("fma") ? "fma " : "",
                     __builtin_cpu_supports("avx2") ? "avx2" : "");
#else
  return "one kind";
#endif
}

}  // namespace

void check_same_everywhere(const Communicator& communicator, const TrainConfig& config) {
  // Whatever may change a bit, or make one rank read or write what another does not understand.
  const std::string mine =
      to_text(config) +
      fmt::format("\n[build]\nversion = {}\nblas = {}\nhdf5 = {}\nmpi = {}\nlibc = {}\ncpu = {}\n",
                  version(), arithmetic_description(config.arithmetic), hdf5_version(),
                  Environment::library_version(), gnu_get_libc_version(), cpu_type());
  const auto all = communicator.all_gather(mine);
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    const auto [root, other] =
        std::mismatch(all[0].begin(), all[0].end(), all[rank].begin(), all[rank].end());
    const auto line_at = [](const std::string& text, std::string::const_iterator at) {
      const auto position = static_cast<std::size_t>(at - text.begin());
      const auto begin = position == 0 ? std::string::npos : text.rfind('\n', position - 1);
      const std::size_t first = begin == std::string::npos ? 0 : begin + 1;
      return text.substr(first, text.find('\n', position) - first);
    };
    throw Error(ErrorKind::usage,
                fmt::format("rank {} was started differently from rank 0: '{}' there and '{}' "
                            "here; start all ranks "
                            "with the same settings on the same kind of node",
                            rank, line_at(all[rank], other), line_at(all[0], root)),
                Reach::everywhere);
  }
}

}  // namespace hourglass
