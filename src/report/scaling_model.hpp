#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/scaling_results.hpp"

namespace hourglass {

/// A point of a study: the medians over its repetitions, and the prediction of the model.
struct ScalingSummary {
  ScalingPoint point;
  Index repetitions = 0;
  double seconds = 0;  ///< per step
  double low = 0;
  double high = 0;
  double confidence = 0;
  double compute = 0;   ///< slowest rank
  double exchange = 0;  ///< not hidden
  double input = 0;
  double update = 0;
  std::map<std::string, double>
      phases;  ///< every phase in the results, mean over ranks: they add up to the step
  double imbalance = 0;
  bool oversubscribed = false;
  double speedup = 1;  ///< of samples per second, relative to the fewest ranks, times their number
  double efficiency = 1;  ///< speedup / ranks
  double modelled = 0;    ///< seconds
};

/// T(P) = a m(P) + u s(P) + (1 - h) E(P), E(P) = messages(P) alpha + volume(P) beta:
/// m(P) micro-batches of a rank's busiest worker; s(P) the share of the model that a rank updates:
/// 1 / P by the tree, 1 by allreduce; E(P) the exchange alone. Of the tree: 2 log2 P messages per
/// bucket where halving applies and 2 (P - 1) otherwise; volume 2 (P - 1) / P of the model;
/// allreduce is taken for Rabenseifner's algorithm, with the tree's numbers. alpha and beta come
/// from the study's point-to-point figures (without any, from the exchange that was not hidden,
/// with h = 0); a, u and h (the hidden part, 0 to 1) are least-squares fits to the phases of all
/// points.
struct ScalingModel {
  std::string reduction;
  Index micro_batch = 0;
  bool weak = false;
  double pass = 0;    ///< a, seconds
  double update = 0;  ///< u, seconds
  double alpha = 0;   ///< seconds
  double beta = 0;    ///< seconds per byte
  double hidden = 0;  ///< h
  Index threads = 1;
  Index batch = 0;  ///< strong: of all ranks; weak: of one
  Index arena_bytes = 0;
  Index buckets = 0;
  double largest_residual = 0;  ///< |T - measured| / measured over the points
  Index knee = 0;               ///< see fit_scaling
  bool knee_by_shards = false;

  [[nodiscard]] double exchange(Index ranks) const;
  [[nodiscard]] double seconds(Index ranks) const;
  /// Samples per second and rank, relative to one rank.
  [[nodiscard]] double efficiency(Index ranks) const;
  /// Micro-batches per step.
  [[nodiscard]] Index shards(Index ranks) const;
};

/// Efficiency below which a study is beyond its knee: half of the ranks are wasted (strong), one in
/// ten (weak).
inline constexpr double strong_knee = 0.5;
inline constexpr double weak_knee = 0.9;

/// One curve of a study: a reduction and a micro-batch size, by ranks.
struct ScalingCurve {
  std::vector<ScalingSummary> points;
  ScalingModel model;
};

/// All curves of a study, fitted. The knee is the largest number of ranks (a power of two, up to
/// 2^20 and at most the shards) whose modelled efficiency is not below the limit.
[[nodiscard]] std::vector<ScalingCurve> fit_scaling(const ScalingStudy& study);

}  // namespace hourglass
