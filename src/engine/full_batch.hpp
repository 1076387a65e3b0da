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
/// products are exact; a rank holds its segments of all vectors. So bits do not depend on ranks or
/// threads. The passes share one order of samples and one draw of noise: the function must stay the
/// same. Weight decay is part of it.
class FullBatch {
 public:
  /// What an iteration did.
  struct Iteration {
    StepTotals totals;         ///< of the pass at the point arrived at
    double gradient_norm = 0;  ///< there
    double step =
        0;  ///< the line search's; 0: no decrease was found and the parameters are what they were
    Index passes = 0;      ///< over the data, without the one that a resumed run repeats
    bool stopped = false;  ///< a flag was raised: the parameters are what they were
  };
  /// Asked before every step of a pass: the flags of this rank.
  using Flags = std::function<StepFlags()>;

  /// `stage` outlives this. Throws Error(usage) on every rank.
  FullBatch(const Communicator& communicator, Stage& stage, const TrainConfig& config);

  /// One iteration from the stage's parameters; `first`: of the run. Collective.
  Iteration iterate(SampleSource& source, std::uint32_t epoch, const Flags& flags, bool first);
  /// Whether the last iteration found no way down, though it began with no history: nothing more
  /// will change.
  [[nodiscard]] bool converged() const { return converged_; }

  /// The pairs as they go into a checkpoint, and back; `position` gets their number.
  [[nodiscard]] std::vector<StoredArena> stored(
      std::span<const StoredTensor> tensors, std::map<std::string, std::int64_t>& position) const;
  void load(const StateFile& file);

 private:
  enum class Pass { complete, stopped };

  Pass evaluate(SampleSource& source, std::uint32_t epoch, const Flags& flags);
  void add_to_gradient(double share);
  void go_to(std::span<const float> start, double step);
  [[nodiscard]] double product(std::span<const float> a, std::span<const float> b) const;
  [[nodiscard]] Buffer<float> pack(std::span<const float> arena) const;
  [[nodiscard]] StoredArena stored_segment(const std::string& name, std::span<const float> values,
                                           std::span<const StoredTensor> tensors) const;

  Communicator communicator_;
  Stage& stage_;
  std::uint64_t seed_;
  bool replicated_;
  Index history_;
  LineSearchSettings line_search_;
  std::vector<Range> owned_;  // by bucket
  Index size_ = 0;            // of the segment
  Buffer<float> decay_;       // weight decay of each element, when there is any
  Buffer<float> gradient_;    // at the stage's parameters
  Buffer<float> direction_;
  Buffer<double> sum_;
  std::unique_ptr<Lbfgs> lbfgs_;
  StepTotals totals_;  // of the last pass
  double value_ = 0;
  bool evaluated_ = false;  // gradient_ and value_ belong to the stage's parameters
  bool converged_ = false;
};

}  // namespace hourglass
