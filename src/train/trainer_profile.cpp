// The part of the trainer that tells where its time went.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "hourglass/core/error.hpp"
#include "train/trainer.hpp"

namespace hourglass {

namespace {

// "encoder/0" for a layer that has tensors of that name; layers without tensors are numbered.
std::vector<std::string> layer_names(const Autoencoder& model) {
  std::vector<std::string> names;
  for (Index i = 0; i < model.network().layer_count(); ++i) {
    const auto roles = model.network().layer(i).roles();
    const std::string tensor =
        roles.empty() ? std::string() : model.layout().tensor(roles.front().slot).name;
    names.push_back(roles.empty() ? "layer " + std::to_string(i)
                                  : tensor.substr(0, tensor.rfind('/')));
  }
  return names;
}

}  // namespace

// The trace is written when the run is over: too late to learn that it cannot be.
void Trainer::check_trace() const {
  namespace fs = std::filesystem;
  if (config_.trace.empty()) return;
  Profiler::require_trace_or_nothing(config_.trace);
  const fs::path folder = fs::absolute(config_.trace).parent_path();
  const bool comes =
      is_same_folder(folder.string(), config_.output) && !fs::exists(folder);  // with the run
  const int reason = fs::is_directory(config_.trace)               ? EISDIR
                     : !comes && access(folder.c_str(), W_OK) != 0 ? errno
                                                                   : 0;
  if (reason != 0)
    throw Error(ErrorKind::io,
                fmt::format("cannot write --trace {}: {}", config_.trace, std::strerror(reason)));
}

void Trainer::start_profile() {
  if (!config_.profile && config_.trace.empty()) return;
  start_recording();
}

void Trainer::start_recording() {
  profiler_ = std::make_unique<Profiler>(communicator_, config_.threads, layer_names(model_),
                                         !config_.trace.empty());
  if (!is_pretraining()) record_stage();
}

// Of the whole network only: the table's rows are its layers.
void Trainer::record_stage() {
  if (profiler_) stage_->record_phases(profiler_->recorders());
}

// Of the main thread, all layers together.
std::array<double, phase_count> Trainer::recorded_seconds() const {
  std::array<double, phase_count> seconds{};
  const PhaseRecorder& main = *profiler_->main();
  for (std::size_t p = 0; p < phase_count; ++p) {
    for (Index layer = 0; layer < main.layers(); ++layer)
      seconds[p] += main.total(static_cast<Phase>(p), layer).seconds;
  }
  return seconds;
}

void Trainer::finish_profile(TrainResult& result) {
  if (!profiler_) return;
  if (config_.profile)
    result.profile = profiler_->report(pool_, config_.arithmetic.precision == Precision::bf16);
  if (!config_.trace.empty()) result.profile += profiler_->write_trace(config_.trace);
}

}  // namespace hourglass
