#include "train/run_profile.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "hourglass/core/error.hpp"
#include "run/run_folder.hpp"

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

void RunProfile::check_trace() const {
  namespace fs = std::filesystem;
  if (config_.trace.empty()) return;
  Profiler::require_trace_or_nothing(config_.trace);
  const fs::path folder = fs::absolute(config_.trace).parent_path();
  const bool comes_with_run =
      is_same_folder(folder.string(), config_.output) && !fs::exists(folder);
  const int reason = fs::is_directory(config_.trace)                        ? EISDIR
                     : !comes_with_run && access(folder.c_str(), W_OK) != 0 ? errno
                                                                            : 0;
  if (reason != 0)
    throw Error(ErrorKind::io,
                fmt::format("cannot write --trace {}: {}", config_.trace, std::strerror(reason)));
}

void RunProfile::start() {
  if (config_.profile || !config_.trace.empty()) start_measuring();
}

void RunProfile::start_measuring() {
  if (profiler_) return;
  profiler_ = std::make_unique<Profiler>(communicator_, config_.threads, layer_names(model_),
                                         !config_.trace.empty());
}

std::span<PhaseRecorder> RunProfile::recorders() const {
  if (!profiler_) return {};
  return profiler_->recorders();
}

std::array<double, phase_count> RunProfile::seconds() const {
  std::array<double, phase_count> seconds{};
  if (!profiler_) return seconds;
  const PhaseRecorder& main = *profiler_->main();
  for (std::size_t p = 0; p < phase_count; ++p) {
    for (Index layer = 0; layer < main.layers(); ++layer)
      seconds[p] += main.total(static_cast<Phase>(p), layer).seconds;
  }
  return seconds;
}

std::string RunProfile::finish(WorkerPool& pool) const {
  if (!profiler_) return "";
  std::string text;
  if (config_.profile)
    text = profiler_->report(pool, config_.arithmetic.precision == Precision::bf16);
  if (!config_.trace.empty()) text += profiler_->write_trace(config_.trace);
  return text;
}

}  // namespace hourglass
