#pragma once

#include <cstdint>
#include <span>

#include "config/config.hpp"
#include "engine/stage.hpp"
#include "engine/worker_pool.hpp"
#include "model/autoencoder.hpp"
#include "train/run_data.hpp"
#include "train/run_plan.hpp"
#include "train/run_state.hpp"

namespace hourglass {

/// Resampling of dead units (Bricken et al. 2023): each takes the direction of a training sample
/// that the code represents badly, and begins anew.
///
/// Of at most 2^13 samples (engine/geometric_median.hpp's blocks, others each time) one per dead
/// unit is drawn without replacement, with probabilities proportional to their squared error to the
/// power of 2: those of the largest u_i^(1 / w_i), u_i being uniform random numbers (Efraimidis &
/// Spirakis 2006). The unit's atom becomes the sample's residual, at norm 1, its encoder weights
/// the same or, where the target is not the input, the input, at a fifth of the mean norm of the
/// living units' weights. Missing elements have no residual. The unit's bias becomes 0, a gate's
/// magnitude what it starts at, and so does a threshold, or half of what the unit gives for the
/// sample where that is less; all moments of the optimizer for them become 0. A function of the
/// parameters, the seed and the number of the update: the same on any number of ranks and threads.
class Resampling {
 public:
  /// The references outlive this.
  Resampling(const Communicator& communicator, const TrainConfig& config, const RunPlan& plan,
             const RunData& data, const Autoencoder& model);

  /// Whether units are resampled after this number of updates of the whole network.
  [[nodiscard]] bool is_due(const RunState& state) const;
  /// Resamples the dead units and counts them as used. Returns their number. Collective.
  Index run(Stage& stage, WorkerPool& pool, RunState& state) const;

 private:
  Communicator communicator_;
  const TrainConfig& config_;
  const RunPlan& plan_;
  const RunData& data_;
  const Autoencoder& model_;
};

}  // namespace hourglass
