#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>

#include "config/config.hpp"
#include "core/phase_recorder.hpp"
#include "engine/profiler.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

/// Where the time of a run goes: nothing is recorded before start(), nor without --profile or
/// --trace.
class RunProfile {
 public:
  /// The references outlive this.
  RunProfile(const Communicator& communicator, const TrainConfig& config, const Autoencoder& model)
      : communicator_(communicator), config_(config), model_(model) {}

  /// Throws Error(usage) or Error(io) when --trace could not be written at the end of the run. The
  /// run's folder, which may not exist yet, counts as writable. Local.
  void check_trace() const;
  /// Begins to record if the settings ask for it. Collective.
  void start();
  /// Begins to record whatever the settings, unless it has begun. Collective.
  void start_measuring();

  /// One recorder per worker; empty when nothing is recorded.
  [[nodiscard]] std::span<PhaseRecorder> recorders() const;
  /// The main thread's, or null.
  [[nodiscard]] PhaseRecorder* main() const { return profiler_ ? profiler_->main() : nullptr; }
  /// Seconds of the main thread by phase, over all layers, since recording began.
  [[nodiscard]] std::array<double, phase_count> seconds() const;

  /// Measures the machine, writes the trace, and returns the text for the end of the run, "" when
  /// none was asked for. Collective.
  [[nodiscard]] std::string finish(WorkerPool& pool) const;

 private:
  Communicator communicator_;
  const TrainConfig& config_;
  const Autoencoder& model_;
  std::unique_ptr<Profiler> profiler_;
};

}  // namespace hourglass
