#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "comm/network_sweep.hpp"

namespace hourglass {

/// The file that `hourglass scale` writes and `hourglass report scaling` reads: one JSON object per
/// line. The first ("study") holds the options; "repetition" lines are measurements, "network"
/// lines belong to a number of ranks, "summary" lines repeat medians for readers. The format number
/// of the first line rises when older readers would misread the rest.
inline constexpr int scaling_format = 1;

struct ScalingPoint {
  int ranks = 1;
  std::string reduction = "tree";
  Index micro_batch = 128;
  Index batch = 128;

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 checks compiler-generated code as well
  friend auto operator<=>(const ScalingPoint&, const ScalingPoint&) = default;
};

/// Seconds of one phase of a step, median over steps: on the slowest rank and averaged over ranks.
struct PhaseSeconds {
  double max = 0;
  double mean = 0;
};

struct ScalingRepetition {
  ScalingPoint point;
  Index number = 0;         ///< counted from 1
  double step_seconds = 0;  ///< median over steps, of the slowest rank
  double samples_per_second = 0;
  double imbalance = 0;         ///< compute time: slowest rank / mean - 1
  bool oversubscribed = false;  ///< more threads than cores on a node
  Index shards = 1;
  Index threads = 1;
  Index arena_bytes = 0;
  Index buckets = 0;
  /// input, compute and its parts forward, loss, backward and tree_sum, exchange (not hidden),
  /// update, other. Files of older versions lack the parts and other.
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
      exchange;  ///< by reduction: the whole model, without computing
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
      summarized;  ///< repetitions in the newest "summary" line of the point
};

/// One line, without its end.
[[nodiscard]] std::string study_line(const ScalingStudy& study);
[[nodiscard]] std::string repetition_line(const ScalingRepetition& repetition,
                                          const std::vector<double>& step_seconds);
[[nodiscard]] std::string network_line(const ScalingNetwork& network);
/// Medians over the repetitions of a point, with their intervals.
[[nodiscard]] std::string summary_line(const std::vector<ScalingRepetition>& repetitions);

/// The line with the number of the repetition, which a worker does not know.
[[nodiscard]] std::string numbered(const std::string& repetition_line, Index number);

/// Throws Error(io) when the file cannot be read and Error(data), naming file and line, when it is
/// not a results file, of another format, or has a damaged line. `allow_incomplete`: ignores a last
/// line without its end, which a killed study leaves.
[[nodiscard]] ScalingStudy read_scaling_results(const std::string& path,
                                                bool allow_incomplete = false);

/// The repetitions of each point, in order.
[[nodiscard]] std::map<ScalingPoint, std::vector<ScalingRepetition>> by_point(
    const ScalingStudy& study);

}  // namespace hourglass
