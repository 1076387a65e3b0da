#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/phase_recorder.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// The phase recorders of a rank's workers, and the table and trace made of them at the end of a
/// run.
class Profiler {
 public:
  /// `layers`: their names, for the table. `keeps_spans`: whether a trace will be written; it holds
  /// the newest spans of each worker, at most 64 Ki. Collective: a barrier sets the origin of the
  /// trace's clocks.
  Profiler(const Communicator& communicator, Index workers, std::vector<std::string> layers,
           bool keeps_spans);

  /// One per worker; worker 0 is the main thread.
  [[nodiscard]] std::span<PhaseRecorder> recorders() { return recorders_; }
  [[nodiscard]] PhaseRecorder* main() { return &recorders_.front(); }

  /// Phases by time: the slowest worker's seconds, their share of the time since construction, the
  /// rate per core (work of all workers / their time) and its share of the machine's peak, which is
  /// measured now (`bfloat16`: with such GEMMs). The same text on every rank. Collective.
  [[nodiscard]] std::string report(WorkerPool& pool, bool bfloat16) const;
  /// Writes the newest spans of all ranks and workers in Chrome's trace format
  /// (https://ui.perfetto.dev), a process per rank and a thread per worker. Returns a message for
  /// the user, on every rank. Throws Error(io) on every rank. Collective.
  [[nodiscard]] std::string write_trace(const std::string& path) const;

  /// Throws Error(usage) when the file at `path` exists and is not a trace.
  static void require_trace_or_nothing(const std::string& path);

 private:
  [[nodiscard]] std::string label(Phase phase, Index layer) const;
  [[nodiscard]] std::string trace_events() const;

  Communicator communicator_;
  std::vector<std::string> layers_;
  std::vector<PhaseRecorder> recorders_;
  PhaseRecorder::Clock::time_point origin_;
};

}  // namespace hourglass
