#pragma once

#include <vector>

#include "checkpoint/state_file.hpp"
#include "core/buffer.hpp"
#include "engine/gradient_engine.hpp"
#include "engine/gradient_exchange.hpp"
#include "engine/sharded_optimizer.hpp"
#include "hourglass/comm/communicator.hpp"
#include "optim/levenberg_marquardt.hpp"

namespace hourglass {

/// Compares some of a stage's steps with the quadratic model of the loss, for optimizers with
/// MatrixRule::has_model(). The step is what the weight matrices have become, whatever rule,
/// gradient clipping, weight decay or constraint has made of it; other tensors, of which the model
/// knows nothing, are as they were before. Its slope is the product with the gradient, and the
/// change of the loss is that of the same samples with the same noise, by another training pass
/// after the update. All sums over samples, parameters, matrices and ranks are exact, so the same
/// on any number of ranks and threads. Collective throughout.
class StepCheck {
 public:
  /// The references outlive this. `others`: the ranges of the arena that are trained and are not
  /// weight matrices.
  StepCheck(const Communicator& communicator, GradientExchange& exchange, GradientEngine& engine,
            ShardedOptimizer& optimizer, std::vector<Range> others, const LevenbergMarquardt& rule);

  [[nodiscard]] ModelState model(double loss) const { return rule_.state(loss); }
  [[nodiscard]] static bool is_due(Index step) { return LevenbergMarquardt::is_due(step); }
  /// Before the update of a step that is due, when its gradient is complete.
  void begin();
  /// After the update, of whose `samples` the mean loss was `loss`. The gradient of the step is not
  /// there any more afterwards.
  void finish(Index step, double loss, Index samples);

  void store(StateHeader& header) const;
  void load(const StateFile& file);
  [[nodiscard]] Index bytes() const;

 private:
  void set_others_back();
  void restore_others();

  Communicator communicator_;
  GradientExchange& exchange_;
  GradientEngine& engine_;
  ShardedOptimizer& optimizer_;
  std::vector<Range> others_;
  LevenbergMarquardt rule_;
  Buffer<float> change_;     // an arena: first the parameters before
  Buffer<float> gradient_;   // of this rank's segment
  std::vector<float> held_;  // of the others, their new values
};

}  // namespace hourglass
