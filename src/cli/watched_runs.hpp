#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "report/comparison.hpp"
#include "run/metrics_follower.hpp"
#include "system/run_activity.hpp"

namespace hourglass {

/// Runs that are being written, by the words of a command line: run folders, and folders of runs,
/// in which new ones may appear. Only their config.cfg, metrics.jsonl and .lock are read, and of
/// metrics.jsonl only what was added. A folder that vanishes leaves what was read of it.
class WatchedRuns {
 public:
  /// Throws Error(io) when a word names no run.
  explicit WatchedRuns(std::vector<std::string> words);

  /// Reads on; whether anything has changed.
  bool advance();

  /// The best first.
  [[nodiscard]] std::span<const ComparedRun> runs() const { return runs_; }
  /// Lines about files that could not be read and, with several runs, how many of them are running.
  [[nodiscard]] std::vector<std::string> remarks() const;

 private:
  struct Source {
    MetricsFollower metrics;
    RunActivity activity;
    std::filesystem::file_time_type configured;  // when config.cfg was written
    std::string problem;
  };
  bool find_new_runs();
  bool advance(ComparedRun& run, Source& source);

  std::vector<std::string> words_;
  bool is_one_run_ = false;  // and will be
  std::vector<ComparedRun> runs_;
  std::map<std::string, Source> sources_;  // by the name of the run
};

}  // namespace hourglass
