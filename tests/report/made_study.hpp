#pragma once

#include "report/scaling_results.hpp"

namespace hourglass {

inline constexpr double made_pass = 10e-3;
inline constexpr double made_update = 2e-3;
inline constexpr double made_alpha = 5e-6;
inline constexpr double made_beta = 1e-9;
inline constexpr double made_hidden = 0.6;
inline constexpr Index made_arena_bytes = 4'000'000;

/// Seconds of the exchange that the model has.
inline double made_exchange(int ranks) {
  int rounds = 0;
  while ((1 << rounds) < ranks) ++rounds;
  return 2 * rounds * 3 * made_alpha + 2.0 * made_arena_bytes * (ranks - 1) / ranks * made_beta;
}

/// Measurements that follow the model of scaling_model.hpp exactly.
inline ScalingStudy made_study(bool weak) {
  ScalingStudy study;
  study.file = "made.jsonl";
  study.weak = weak;
  study.texts = {{"program", "p"}, {"revision", "r"}, {"launcher", "mpirun"}, {"started", "now"}};
  for (const int ranks : {1, 2, 4, 8}) {
    const Index batch = weak ? 128 * ranks : 2048;
    const double passes = weak ? 1 : 16.0 / ranks;
    for (Index number = 1; number <= 3; ++number) {
      ScalingRepetition repetition;
      repetition.point = {ranks, "tree", 128, batch};
      repetition.number = number;
      repetition.phases = {{"compute", {made_pass * passes, made_pass * passes}},
                           {"exchange", {(1 - made_hidden) * made_exchange(ranks), 0}},
                           {"update", {made_update / ranks, made_update / ranks}},
                           {"input", {0, 0}}};
      for (const auto& [name, seconds] : repetition.phases) repetition.step_seconds += seconds.max;
      repetition.samples_per_second = static_cast<double>(batch) / repetition.step_seconds;
      repetition.arena_bytes = made_arena_bytes;
      repetition.buckets = 3;
      repetition.hosts = {"a"};
      study.repetitions.push_back(repetition);
    }
  }
  study.networks.push_back(
      {8,
       {{1024, 1e-5}},
       {{4, made_alpha + 4 * made_beta}, {1 << 24, made_alpha + (1 << 24) * made_beta}},
       {}});
  return study;
}

}  // namespace hourglass
