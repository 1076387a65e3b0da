#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/activity.hpp"

namespace hourglass {

/// The state of one rank as watchdogs see it: a line of the file that all of them share.
struct RankReport {
  int rank = 0;
  std::string host;
  std::int64_t process = 0;
  std::uint64_t beat = 0;  ///< grows while the process runs at all
  activity::Snapshot doing;
  double still = 0;  ///< seconds since the main thread last said anything

  [[nodiscard]] std::string to_line() const;  ///< of line_bytes bytes, the last a newline
  [[nodiscard]] static std::optional<RankReport> from_line(const std::string& line);
  static constexpr std::size_t line_bytes = 256;
};

/// Names the culprit when nothing has moved for `limit` seconds, in one line for the user, or ""
/// when somebody still works. `before` and `after` are all ranks' reports, some beats apart. In
/// this order: ranks whose processes do not run, ranks that are stuck in work of their own, the
/// network when everybody waits for the others.
[[nodiscard]] std::string verdict(std::span<const RankReport> before,
                                  std::span<const RankReport> after, double limit);

/// Ends a job that hangs. Each rank has two threads: one writes what the main thread says
/// (core/activity.hpp) to the rank's line of a file in the run folder and reads the others' when
/// asked, the other waits until nothing has moved for `limit` seconds and then names the culprit,
/// on standard error of the lowest rank that still runs, and ends the process (exit code 69); the
/// launcher ends the others. Neither thread calls MPI, nor does the second touch the file system,
/// which may be what hangs.
class Watchdog {
 public:
  /// The file must exist; `advice` ends the line on standard error.
  Watchdog(std::string file, int rank, int ranks, double limit, std::string advice);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void write_reports(const std::stop_token& stop);
  void judge(const std::stop_token& stop);
  [[nodiscard]] bool pause(const std::stop_token& stop, double seconds);
  [[nodiscard]] std::optional<std::vector<RankReport>> ask_for_reports(const std::stop_token& stop);
  [[noreturn]] void end_job(const std::string& what) const;

  std::string file_;
  int rank_;
  int ranks_;
  double limit_;
  double beat_;
  std::string advice_;

  std::mutex mutex_;  // guards all below
  std::condition_variable_any wake_;
  double still_ = 0;
  bool wanted_ = false;
  std::optional<std::vector<RankReport>> reports_;

  std::jthread writer_;  // last: they end before anything they use
  std::jthread judge_;
};

}  // namespace hourglass
