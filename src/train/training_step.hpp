#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "config/config.hpp"
#include "engine/full_batch.hpp"
#include "engine/stage.hpp"
#include "hourglass/comm/communicator.hpp"
#include "train/run_plan.hpp"
#include "train/run_state.hpp"
#include "train/stage_sequence.hpp"

namespace hourglass {

/// The outcome of one update, and where this rank's seconds went.
struct StepResult {
  StepTotals totals;
  bool updated = false;    ///< false: a flag interrupted it, and all is as it was before
  std::string divergence;  ///< why a number is not finite, or a rank failed without an error;
                           ///< otherwise ""
  double loss = 0;         ///< means over the samples of the update
  double squared_error = 0;
  double penalty = 0;
  double learning_rate = 0;  ///< of L-BFGS the length of the step
  double gradient_norm = 0;  ///< the last one that was computed
  Index samples = 0;         ///< passed through
  double seconds = 0;        ///< total
  double compute_seconds = 0;
  double exchange_seconds = 0;         ///< communication that computing did not hide
  double input_seconds = 0;            ///< waiting for samples
  Index sent_bytes = 0;                ///< by this rank, of gradients and parameters
  std::optional<double> group_spread;  ///< see Stage::group_spread()
};

/// Makes the updates of the current stage, from a batch or by L-BFGS from the whole data set, and
/// counts them in the run's state.
class TrainingStep {
 public:
  /// The references outlive this.
  TrainingStep(const Communicator& communicator, const TrainConfig& config, const RunPlan& plan,
               StageSequence& stages, RunState& state);

  /// Makes one update; `flags` are asked before each pass over a batch, `wants_norm` computes the
  /// gradient's norm also where clipping does not need it. The result lives until the next call.
  /// Throws the Error of a rank that got no samples on every rank. Collective.
  const StepResult& make(const FullBatch::Flags& flags, bool wants_norm);
  [[nodiscard]] const StepResult& last() const { return result_; }

 private:
  [[nodiscard]] std::span<const std::int32_t> dead_units();
  void update_from_batch(const FullBatch::Flags& flags, bool wants_norm);
  void iterate(FullBatch& full_batch, const FullBatch::Flags& flags);
  void count(Index samples, double compute_seconds);
  [[nodiscard]] Index plateaus();
  [[nodiscard]] std::string explain_failure();
  [[nodiscard]] std::string explain(const std::string& what);

  Communicator communicator_;
  const TrainConfig& config_;
  const RunPlan& plan_;
  StageSequence& stages_;
  RunState& state_;
  StepResult result_;
};

}  // namespace hourglass
