#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "core/buffer.hpp"
#include "engine/stage.hpp"
#include "optim/lbfgs.hpp"
#include "optim/line_search.hpp"

namespace hourglass {

/// Training by L-BFGS on the whole data set: an iteration is a direction from the last gradients
/// and a line search along it, each trial of which is a pass over all samples. The gradient of a
/// pass is the sum over its steps, in their order, of the trees' sums over shards, in double; inner
/// products are exact; a rank holds its segment of all vectors. So bits do not depend on ranks or
/// threads. All passes use the same order of samples and the same noise, so that the function stays
/// the same. Weight decay is part of it.
class FullBatch {
 public:
  /// The outcome of an iteration.
  struct Iteration {
    StepTotals totals;         ///< of the pass at the new point
    double gradient_norm = 0;  ///< at the new point
    double step = 0;       ///< of the line search; 0: no decrease was found, parameters unchanged
    Index passes = 0;      ///< over the data, without the one that a resumed run repeats
    bool stopped = false;  ///< a flag was raised; parameters unchanged
  };
  /// Called before every step of a pass: the flags of this rank.
  using Flags = std::function<StepFlags()>;

  /// `stage` outlives this. Throws Error(usage) on every rank.
  FullBatch(const Communicator& communicator, Stage& stage, const TrainConfig& config);

  /// One iteration from the stage's parameters; `first`: of the run. Collective.
  Iteration iterate(SampleSource& source, std::uint32_t epoch, const Flags& flags, bool first);
  /// Whether the last iteration found no decrease although it began without a history: further
  /// iterations would change nothing.
  [[nodiscard]] bool converged() const { return converged_; }

  /// The pairs as they are written to a checkpoint; `position` gets their number.
  [[nodiscard]] std::vector<StoredArena> stored(
      std::span<const StoredTensor> tensors, std::map<std::string, std::int64_t>& position) const;
  /// Reads this rank's part of the pairs and returns its bytes. Throws the same Error on every
  /// rank. Collective.
  Index load(const StateFile& file);

 private:
  enum class Pass { complete, stopped };

  Pass evaluate(SampleSource& source, std::uint32_t epoch, const Flags& flags);
  [[nodiscard]] bool is_frozen(Index parameter) const;
  void add_to_gradient(double share);
  void move_to(std::span<const float> start, double step);
  [[nodiscard]] double product(std::span<const float> a, std::span<const float> b);
  [[nodiscard]] Buffer<float> pack(std::span<const float> arena) const;

  Communicator communicator_;
  Stage& stage_;
  std::uint64_t seed_;
  LineSearchSettings line_search_;
  Index size_;              // of the segment, as of all vectors below
  Buffer<float> decay_;     // weight decay of each element; empty when there is none
  Buffer<float> gradient_;  // at the stage's parameters
  Buffer<float> direction_;
  Buffer<double> sum_;
  std::unique_ptr<Lbfgs> lbfgs_;
  StepTotals totals_;  // of the last pass
  double value_ = 0;
  bool evaluated_ = false;  // gradient_ and value_ belong to the stage's parameters
  bool converged_ = false;
};

}  // namespace hourglass
