#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "comm/owned_ranges.hpp"
#include "comm/reducer.hpp"
#include "config/config.hpp"
#include "core/buffer.hpp"
#include "core/function_ref.hpp"
#include "core/layout.hpp"
#include "core/wire_format.hpp"
#include "engine/active_units.hpp"
#include "engine/dictionary_shards.hpp"
#include "engine/factor_exchange.hpp"
#include "engine/parameter_gather.hpp"
#include "engine/power_sgd_reducer.hpp"
#include "engine/recording.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/request.hpp"
#include "math/exact_sum.hpp"

namespace hourglass {

struct GradientExchangeSettings {
  Reduction reduction = Reduction::tree;
  Index leaves = 1;  ///< micro-batches of a step: the shards S
  Index bucket_bytes = Index{4} << 20;
  Wire wire = Wire::fp32;
  const Recording* recording = nullptr;  ///< where waiting is recorded; outlives the exchange
  /// Above 0: gradients of this rank (engine/power_sgd_reducer.hpp), which need the layout of the
  /// arena and workers; both outlive the exchange.
  Index low_rank = 0;
  const Layout* layout = nullptr;
  WorkerPool* pool = nullptr;
  Index head_end = 0;  ///< where the first layer's parameters end: see make_buckets
  /// Trainable::active_rows(); empty: gradients are dense.
  ActiveRows active_rows = {};
  SparseExchange sparse_exchange = SparseExchange::automatic;
  /// Whether an update leaves parameters as they are whose gradient is 0.
  bool sparse_update = false;
  /// Of a dictionary that is divided among ranks, else null: the exchange is one of its parts,
  /// among the ranks that have the same. It outlives the exchange.
  const DictionaryShards* shards = nullptr;
  /// Of optimizers that take Kronecker factors: their places, none where no weight matrix is
  /// trained, and the steps that have them.
  FactorLayout factors = {};
  FactorSteps factor_steps = {};
  /// Before the names of what a checkpoint holds for these parameters, where it holds several such
  /// sets of parameters.
  std::string state_prefix = {};
};

/// The owner of the exchange between ranks: of the reducer, of the gradient arena, and of the order
/// of calls in a step, which is
///
///   with active_rows() unite_active_rows() until it returns true;
///   start(b, parts) for each bucket b = 0, 1, ... in this order; progress() and wait_for() at any
///   time; then optionally wait() and norm(); then one of
///   update_parameters(update): sum complete -> update -> gather, bucket by bucket; with
///   Gather::later the gather goes on while the next step computes, until finish_gather(),
///   read_gradient(read): sum complete -> read, bucket by bucket; parameters stay.
///
/// All calls come from the main thread; the last three are collective, and so is each step as a
/// whole. A call out of order throws Error(bug). Nothing allocates after construction.
class GradientExchange {
 public:
  /// Called with a bucket and the gradient arena, whose floats are complete in owned()[bucket].
  using BucketTask = FunctionRef<void(Index bucket, std::span<const float> gradient)>;

  /// `parameters`: the arena that update_parameters() completes on every rank; it outlives the
  /// exchange. Collective. Throws Error(usage) for settings that cannot be met.
  GradientExchange(const Communicator& communicator, std::span<float> parameters,
                   GradientExchangeSettings settings);

  [[nodiscard]] const Communicator& communicator() const { return communicator_; }
  [[nodiscard]] std::span<float> parameters() const { return parameters_; }
  /// Where a checkpoint holds the optimizer's state of this name: "/optimizer/<prefix><name>".
  [[nodiscard]] std::string state_group(const std::string& name) const {
    return "/optimizer/" + settings_.state_prefix + name;
  }
  /// Ranges of the arena in the order of their exchange: the tail first.
  [[nodiscard]] std::span<const Range> buckets() const { return reducer_->buckets(); }
  /// By bucket: the part that this rank updates, whole cells, possibly empty.
  [[nodiscard]] std::span<const Range> owned() const { return owned_; }
  [[nodiscard]] Index owned_floats() const;
  /// Whether every rank owns everything (allreduce, low rank) instead of its own part.
  [[nodiscard]] bool is_replicated() const {
    return settings_.reduction == Reduction::allreduce || takes_leaves();
  }
  /// Whether start() takes the gradient of each leaf instead of sums over nodes.
  [[nodiscard]] bool takes_leaves() const { return settings_.low_rank > 0; }
  [[nodiscard]] Wire wire() const { return settings_.wire; }
  /// See Reducer::increments: empty unless floats are sent encoded.
  [[nodiscard]] std::span<WireWord> increments() { return reducer_->increments(); }

  /// The gradient arena as scratch: this rank may make one of its local sums here, which then need
  /// not be copied. From start(b) to the end of the step, bucket b belongs to the exchange.
  [[nodiscard]] std::span<float> scratch() { return gradient_.span(); }

  /// The exchange of Kronecker factors beside that of the gradient; null where none are wanted.
  [[nodiscard]] FactorExchange* factors() { return factors_.get(); }

  /// The units with a gradient on some rank in the last step whose union is complete; null: the
  /// gradient is dense. Elsewhere the gradient is +0.
  [[nodiscard]] const ActiveRows* active_rows() const {
    return active_units_ ? &active_units_->rows() : nullptr;
  }
  /// Begins the union of this rank's units with those of the others; whether it is complete.
  [[nodiscard]] bool unite_active_rows(const ActiveRows& own);
  void start(Index bucket, std::span<const BucketPart> parts);
  void progress() {
    reducer_->progress();
    gather_.publish();
  }
  /// Waits for a request of the caller while the exchange goes on; recorded as `phase`.
  void wait_for(Request& request, Phase phase = Phase::exchange);
  /// Waits until this rank's part of every bucket is summed. All buckets must have been started.
  void wait();
  /// The gradient arena, complete in owned(). Requires wait().
  [[nodiscard]] std::span<const float> gradient() const;
  /// The global norm of the gradient. Waits as wait() does.
  [[nodiscard]] double norm();
  enum class Gather { now, later };
  void update_parameters(BucketTask update, Gather gather = Gather::now);
  /// After Gather::later: completes the parameters on every rank. Collective.
  void finish_gather() { gather_.finish(); }
  /// Where passes of the next step wait for the parameters of each layer, or null when all are
  /// there.
  [[nodiscard]] ParameterArrival* arrival() { return gather_.is_pending() ? &gather_ : nullptr; }
  void read_gradient(BucketTask read);

  /// Adds up over the ranks what each has computed from the floats that it owns. Collective.
  void sum_over_owners(std::span<ExactSum> sums);
  /// Completes an arena in which each rank has written the floats that it owns; bits arrive as they
  /// are (Communicator::all_gather). Not during update_parameters(). Collective.
  void all_gather(std::span<float> arena) const;

  /// What the exchange carries from step to step, as a checkpoint holds it; `tensors` names those
  /// of the arena. load() reads it, throws the same Error on every rank and is collective.
  [[nodiscard]] std::vector<StoredArena> stored(std::span<const StoredTensor> tensors) const;
  void load(const StateFile& file);

  /// Floats of the arena that this rank holds.
  [[nodiscard]] Index held_floats() const {
    return settings_.shards == nullptr ? gradient_.size() : settings_.shards->floats();
  }
  [[nodiscard]] const DictionaryShards* shards() const { return settings_.shards; }
  /// Bytes of the gradient arena, and of the reducer's buffers.
  [[nodiscard]] Index gradient_bytes() const {
    return held_floats() * static_cast<Index>(sizeof(float));
  }
  [[nodiscard]] Index buffer_bytes() const {
    return reducer_->bytes() + (factors_ ? factors_->bytes() : 0);
  }
  /// Bytes of the messages that this rank has sent since the last call.
  [[nodiscard]] Index take_sent_bytes() {
    const Index before = std::exchange(sent_bytes_taken_, reducer_->sent_bytes());
    return sent_bytes_taken_ - before;
  }
  /// Seconds in which this rank has waited for others since the last call.
  [[nodiscard]] double take_waited_seconds();
  /// Of which in passes, for parameters to arrive, since construction.
  [[nodiscard]] double arrival_seconds() const { return gather_.waited_seconds(); }

 private:
  [[nodiscard]] std::unique_ptr<Reducer> make_reducer();
  [[nodiscard]] bool is_sparse() const {
    return !settings_.active_rows.empty() && !is_replicated();
  }
  void wait(Index bucket);
  void end_step();
  void forget_step();
  void choose_gathered();
  [[nodiscard]] Index bucket_count() const { return static_cast<Index>(owned_.size()); }
  [[nodiscard]] PhaseRecorder* recorder() const { return recorder_of(settings_.recording, 0); }

  Communicator communicator_;
  std::span<float> parameters_;
  GradientExchangeSettings settings_;
  Buffer<float> gradient_;
  PowerSgdReducer* low_rank_ = nullptr;  // the reducer, if it is one
  std::unique_ptr<Reducer> reducer_;
  ParameterGather gather_;
  std::unique_ptr<ActiveUnits> active_units_;  // of sparse gradients
  ActiveRows gathered_;                        // what the gather carries, of sparse updates
  std::unique_ptr<FactorExchange> factors_;
  std::vector<Range> owned_;                  // by bucket
  std::unique_ptr<OwnedRanges> gather_plan_;  // none when replicated
  Index sent_bytes_taken_ = 0;
  std::vector<std::int64_t> words_;  // scratch of sums
  Index started_ = 0;                // buckets started in this step
  Index summed_ = 0;                 // of which so many, the first ones, are summed
  double waited_seconds_ = 0;
  double arrival_taken_ = 0;  // of arrival_seconds(), by take_waited_seconds()
};

}  // namespace hourglass
