#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <tuple>
#include <vector>

#include "engine/gradient_worker.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/request.hpp"
#include "math/exact_sum.hpp"

namespace hourglass {

/// Messages of a rank to the others in a step: flags that are summed along with the losses.
enum class StepFlag : std::size_t {
  stop,        ///< asked to stop, or out of time
  checkpoint,  ///< a checkpoint is due
  time,        ///< out of time
  written,     ///< its part of a checkpoint in the background is written
};
using StepFlags = std::array<bool, 4>;

/// Sums over the samples of a step, of all ranks.
struct StepTotals {
  ExactSum loss;
  ExactSum squared_error;
  ExactSum penalty;
  UnitDivergences unit_divergences;  ///< of variational models
  Index samples = 0;
  std::array<std::int64_t, std::tuple_size_v<StepFlags>>
      flags{};                 ///< by flag: the number of ranks on which it was set
  Index root_failures = 0;     ///< decompositions that needed more damping in the update before
  bool failed = false;         ///< a rank could not get its samples
  std::exception_ptr failure;  ///< the reason, on such a rank

  [[nodiscard]] std::int64_t ranks_with(StepFlag flag) const {
    return flags[static_cast<std::size_t>(flag)];
  }
  /// The mean of a sum over the samples.
  [[nodiscard]] double mean(const ExactSum& sum) const {
    return sum.value() / static_cast<double>(samples);
  }
};

/// The one small allreduce of every step: losses, divergences of code units, flags, and whether a
/// rank has failed.
class StepSummation {
 public:
  /// For a model with so many units of a posterior.
  explicit StepSummation(Index units = 0);
  /// Starts the sum of what this rank contributes. Nothing may be started again before finish().
  [[nodiscard]] Request start(const Communicator& communicator, StepSums& sums,
                              const StepFlags& flags);
  /// The totals, once the request has completed.
  const StepTotals& finish(const StepSums& sums, Index samples);

 private:
  std::vector<std::int64_t> words_;  // three exact sums, the flags, the failures (two words), the
                                     // divergences
  StepTotals totals_;
};

}  // namespace hourglass
