#include "engine/profiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/machine_peak.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

namespace {

constexpr std::string_view trace_start = R"({"displayTimeUnit":"ms","traceEvents":[)";

constexpr Index spans_per_worker = Index{1} << 16;

bool has_layers(Phase phase) { return phase == Phase::forward || phase == Phase::backward; }

// Times and work are summed as integers, whose sum over ranks does not depend on order:
// microseconds, and thousands of FLOP or bytes.
std::int64_t as_integer(double value, double unit) {
  return static_cast<std::int64_t>(value / unit);
}
constexpr double time_unit = 1e-6;
constexpr double work_unit = 1e3;

}  // namespace

Profiler::Profiler(const Communicator& communicator, Index workers, std::vector<std::string> layers,
                   bool keeps_spans)
    : communicator_(communicator), layers_(std::move(layers)) {
  for (Index w = 0; w < workers; ++w) {
    recorders_.emplace_back(static_cast<Index>(layers_.size()), keeps_spans ? spans_per_worker : 0);
  }
  communicator_.barrier();
  origin_ = PhaseRecorder::Clock::now();
}

std::string Profiler::label(Phase phase, Index layer) const {
  if (!has_layers(phase)) return std::string(name_of(phase));
  return fmt::format("{} {}", name_of(phase), layers_[static_cast<std::size_t>(layer)]);
}

std::string Profiler::report(WorkerPool& pool, bool bfloat16) const {
  const double wall = communicator_.max(
      std::chrono::duration<double>(PhaseRecorder::Clock::now() - origin_).count());
  MachinePeak peak = measure_machine_peak(pool, bfloat16);
  // The slowest core's: the limit of a job whose ranks wait for each other.
  peak.gemm_flops = -communicator_.max(-peak.gemm_flops);
  peak.triad_bytes = -communicator_.max(-peak.triad_bytes);
  std::string text = fmt::format(
      "profile: {} ranks x {} threads, {:.2f} s; a core reaches {:.0f} GFLOP/s (GEMM) and {:.1f} "
      "GB/s (triad) with all cores "
      "at "
      "work\n{:<24}{:>10}{:>8}{:>18}{:>10}\n",
      communicator_.size(), recorders_.size(), wall, peak.gemm_flops * 1e-9,
      peak.triad_bytes * 1e-9, "phase", "seconds", "share", "rate per core", "of peak");
  double main_seconds = 0;
  for (std::size_t p = 0; p < phase_count; ++p) {
    const auto phase = static_cast<Phase>(p);
    for (Index layer = 0; layer < (has_layers(phase) ? static_cast<Index>(layers_.size()) : 1);
         ++layer) {
      double slowest = 0;
      std::array<std::int64_t, 3> sums{};
      for (const PhaseRecorder& recorder : recorders_) {
        const PhaseRecorder::Total& total = recorder.total(phase, layer);
        slowest = std::max(slowest, total.seconds);
        sums[0] += as_integer(total.seconds, time_unit);
        sums[1] += as_integer(total.work, work_unit);
        sums[2] += total.calls;
      }
      main_seconds += recorders_.front().total(phase, layer).seconds;
      slowest = communicator_.max(slowest);
      communicator_.sum(sums);
      if (sums[2] == 0) continue;
      text += fmt::format("{:<24}{:>10.3f}{:>6.1f} %", label(phase, layer), slowest,
                          100 * slowest / wall);
      const double seconds = static_cast<double>(sums[0]) * time_unit;
      if (sums[1] > 0 && seconds > 0) {
        const double rate = static_cast<double>(sums[1]) * work_unit / seconds;
        const bool flops = counts_flops(phase);
        text += fmt::format("{:>10.1f} {:<7}{:>8.0f} %", rate * 1e-9, flops ? "GFLOP/s" : "GB/s",
                            100 * rate / (flops ? peak.gemm_flops : peak.triad_bytes));
      }
      text += "\n";
    }
  }
  // The rest of the main threads' time: waiting for other workers, records, progress.
  const double other = communicator_.max(wall - main_seconds);
  text += fmt::format("{:<24}{:>10.3f}{:>6.1f} %\n", "other", other, 100 * other / wall);
  return text;
}

std::string Profiler::trace_events() const {
  const int rank = communicator_.rank();
  std::string text = fmt::format(
      R"(,{{"ph":"M","name":"process_name","pid":{0},"tid":0,"args":{{"name":"rank {0}"}}}})",
      rank);
  for (std::size_t worker = 0; worker < recorders_.size(); ++worker) {
    text += fmt::format(
        ",\n"
        R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":"worker {}"}}}})",
        rank, worker, worker);
    for (const PhaseRecorder::Span& span : recorders_[worker].spans()) {
      const auto micros = [](auto duration) {
        return std::chrono::duration<double, std::micro>(duration).count();
      };
      text += fmt::format(
          ",\n"
          R"({{"ph":"X","name":"{}","cat":"{}","pid":{},"tid":{},"ts":{:.3f},"dur":{:.3f}}})",
          label(span.phase, span.layer), name_of(span.phase), rank, worker,
          micros(span.begin - origin_), micros(span.end - span.begin));
    }
  }
  return text + "\n";
}

void Profiler::require_trace_or_nothing(const std::string& path) {
  require_new_or_own(path, trace_start, "trace", "--trace");
}

std::string Profiler::write_trace(const std::string& path) const {
  // One rank after the other, so that a rank holds the events of at most two ranks, besides the
  // file's text on rank 0.
  std::string text =
      std::string(trace_start) + R"({"ph":"M","name":"trace","pid":0,"tid":0,"args":{}})" + "\n";
  for (int rank = 0; rank < communicator_.size(); ++rank) {
    const std::string events = communicator_.broadcast(
        rank == communicator_.rank() ? trace_events() : std::string(), rank);
    if (communicator_.is_root()) text += events;
  }
  collectively(communicator_, [&] {
    if (!communicator_.is_root()) return;
    // The run itself may have written its model there meanwhile.
    require_trace_or_nothing(path);
    write_text_atomically(path, text + "]}\n");
  });
  std::int64_t forgotten = 0;
  for (const PhaseRecorder& recorder : recorders_) forgotten += recorder.forgotten();
  communicator_.sum({&forgotten, 1});
  if (forgotten == 0) return fmt::format("trace {}: open it at https://ui.perfetto.dev\n", path);
  return fmt::format(
      "trace {}: open it at https://ui.perfetto.dev; it holds the newest {} spans of each worker, "
      "{} older ones were dropped\n",
      path, spans_per_worker, forgotten);
}

}  // namespace hourglass
