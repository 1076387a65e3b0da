#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "comm/network_sweep.hpp"

namespace hourglass {

/// What `hourglass scale` writes and `hourglass report scaling` reads: one JSON object a line. The
/// first ("study") says what was asked for; "repetition" lines are measurements, "network" lines
/// belong to a number of ranks, "summary" lines repeat medians for people. The format number of the
/// first line rises when older readers would misread the rest.
inline constexpr int scaling_format = 1;

struct ScalingPoint {
  int ranks = 1;
  std::string reduction = "tree";
  Index micro_batch = 128;
  Index batch = 128;

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes what the compiler writes for ours
  friend auto operator<=>(const ScalingPoint&, const ScalingPoint&) = default;
};

/// Of one phase of a step: seconds, median over steps, on the slowest rank and on average.
struct PhaseSeconds {
  double max = 0;
  double mean = 0;
};

struct ScalingRepetition {
  ScalingPoint point;
  Index number = 0;         ///< counted from 1
  double step_seconds = 0;  ///< median over steps of the slowest rank's
  double samples_per_second = 0;
  double imbalance = 0;         ///< compute time: slowest rank / mean - 1
  bool oversubscribed = false;  ///< more threads than cores on a node
  Index shards = 1;
  Index threads = 1;
  Index arena_bytes = 0;
  Index buckets = 0;
  /// input, compute and its parts forward, loss, backward and tree_sum, exchange (not hidden),
  /// update, other. Files written before the parts were told lack these and other.
  std::map<std::string, PhaseSeconds> phases;
  std::vector<std::string> hosts;  ///< of the ranks' nodes, each once
  std::map<std::string, std::string>
      texts;  ///< blas, blas_core, mpi, compiler, program, revision, affinity, processor
};

struct ScalingNetwork {
  int ranks = 1;
  std::vector<NetworkFigure> allreduce;
  std::vector<NetworkFigure> point_to_point;
  std::map<std::string, NetworkFigure>
      exchange;  ///< by reduction: the whole model with nothing to hide behind
};

struct ScalingStudy {
  std::string file;
  bool weak = false;
  Index steps = 0;
  Index warm_up = 0;
  std::vector<std::string> train_options;
  std::map<std::string, std::string> texts;  ///< program, revision, launcher, started
  std::vector<ScalingRepetition> repetitions;
  std::vector<ScalingNetwork> networks;
  std::map<ScalingPoint, Index>
      summarized;  ///< how many repetitions the point's newest "summary" line repeats
};

/// One line, without its end.
[[nodiscard]] std::string study_line(const ScalingStudy& study);
[[nodiscard]] std::string repetition_line(const ScalingRepetition& repetition,
                                          const std::vector<double>& step_seconds);
[[nodiscard]] std::string network_line(const ScalingNetwork& network);
/// The point's repetitions in one: medians with their intervals.
[[nodiscard]] std::string summary_line(const std::vector<ScalingRepetition>& repetitions);

/// The line with the repetition's number put in: a worker does not know it.
[[nodiscard]] std::string numbered(const std::string& repetition_line, Index number);

/// Throws Error(io) when the file cannot be read and Error(data), naming file and line, when it is
/// no results file, one of another format, or a line is broken. `cut_is_fine`: a last line without
/// an end, as a killed study leaves it, is left out.
[[nodiscard]] ScalingStudy read_scaling_results(const std::string& path, bool cut_is_fine = false);

/// The repetitions of each point, in order.
[[nodiscard]] std::map<ScalingPoint, std::vector<ScalingRepetition>> by_point(
    const ScalingStudy& study);

}  // namespace hourglass
