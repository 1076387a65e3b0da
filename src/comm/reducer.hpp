#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "comm/exchange_plan.hpp"
#include "core/active_rows.hpp"
#include "core/tree_sum.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// How an arena is cut for the exchange: buckets of at most bucket_bytes, but at least one cell of
/// 64 floats; whole cells, sizes that differ by at most one cell; numbered in the order in which
/// the backward pass finishes them, so bucket 0 is the arena's tail. No bucket exceeds 4 GiB (MPI
/// counts in int). No bucket at all for an empty arena. Pure arithmetic, no MPI. Throws
/// Error(usage) unless bucket_bytes > 0.
[[nodiscard]] std::vector<Range> make_buckets(Index arena_floats, Index bucket_bytes);

/// The same with the last bucket, the arena's head, cut off at `head_end` (a cell boundary inside
/// the arena; 0: nowhere): where the first layer ends, whose gradient is the last to be finished
/// and whose parameters are needed first. A head of more than bucket_bytes is several buckets.
/// Layers behind it are then exchanged before the backward pass is over.
[[nodiscard]] std::vector<Range> make_buckets(Index arena_floats, Index bucket_bytes,
                                              Index head_end);

/// The same of parts of an arena, ascending and of whole cells: no bucket lies in two of them.
[[nodiscard]] std::vector<Range> make_buckets(std::span<const Range> parts, Index bucket_bytes);

/// A finished local sum over a node of the leaf tree, restricted to a bucket (see core/tree_sum.hpp
/// for the tree).
struct BucketPart {
  Range node;         ///< leaves
  const float* data;  ///< first float of the bucket
};

/// Sums gradients over ranks and distributes updated parameters, bucket by bucket: the exchange of
/// one step.
///
/// Order of calls in a step, all by the main thread and the same on every rank:
///   start_reduce(b, parts) for each bucket b = 0, 1, ...; progress() at any time;
///   wait_reduce(b): afterwards `sum` holds the sum over all leaves in owned(b);
///   the caller updates `parameters` in owned(b); start_gather(b), in any order of buckets;
///   finish(): afterwards `parameters` is complete on every rank.
/// Instead of finish(), finish_reduce() ends the step while gathers go on: the next step may begin,
/// wait_gather(b) completes a bucket of `parameters`, and finish_gather() comes before the next
/// update. Gathering a bucket may be omitted on all ranks alike; finish() ends the step in any
/// case. After start_reduce(b), `sum` is scratch in bucket b outside owned(b); from start_gather(b)
/// until it is gathered the caller must neither write `parameters` in bucket b nor read them
/// outside owned(b). MPI advances only inside these calls: frequent calls of progress() overlap the
/// exchange with the computation; they are cheap when nothing is pending. No method allocates; all
/// buffers are made on construction. A method called out of order throws Error(bug). The destructor
/// does not communicate: in the middle of a step (an error ends the run) it cancels pending
/// receives.
class Reducer {
 public:
  virtual ~Reducer() = default;

  [[nodiscard]] virtual std::span<const Range> buckets() const = 0;
  /// The part of bucket b whose update this rank owns (may be empty). The union over the buckets is
  /// the rank's segment.
  [[nodiscard]] virtual Range owned(Index bucket) const = 0;

  /// Restricts the reduce, or the gather, to the active parts of the arena from now on; null: all
  /// of it. The same set on every rank, which outlives its use and does not change meanwhile; set
  /// when no bucket is started. All parts of a reduce and `sum` are +0 elsewhere, and stay so; a
  /// gather leaves `parameters` as they are elsewhere. Needs ReducerSettings::packs; without it,
  /// and with allreduce, everything is carried.
  virtual void carry_in_reduce(const ActiveRows* /*rows*/) {}
  virtual void carry_in_gather(const ActiveRows* /*rows*/) {}
  /// Bytes of all messages that this rank has sent so far.
  [[nodiscard]] virtual Index sent_bytes() const { return 0; }

  /// `parts`: this rank's maximal nodes (core/tree_sum.hpp: maximal_nodes of its leaf range),
  /// sorted, for this bucket. Their memory must stay until wait_reduce(bucket) returns. A part may
  /// lie in `sum` itself, at the bucket's place.
  virtual void start_reduce(Index bucket, std::span<const BucketPart> parts) = 0;
  virtual void progress() = 0;
  virtual void wait_reduce(Index bucket) = 0;
  /// With a wire of fewer bits than a float: an arena of encoded floats (core/wire_format.hpp;
  /// float i of the arena, the first of a cell, is at word wire_words(wire, i)) to which the caller
  /// writes, in owned(b) before start_gather(b), the numbers that it has added to the parameters in
  /// this step. The gather sends these numbers and adds them on the other ranks, so every rank adds
  /// the same number to the same float. Empty otherwise, when the parameters themselves are sent.
  [[nodiscard]] virtual std::span<WireWord> increments() { return {}; }
  virtual void start_gather(Index bucket) = 0;
  /// Waits for the reductions that were started, and forgets them.
  virtual void finish_reduce() = 0;
  /// Whether no gather of the bucket is pending.
  [[nodiscard]] virtual bool is_gathered(Index /*bucket*/) const { return true; }
  virtual void wait_gather(Index /*bucket*/) {}
  virtual void finish_gather() {}
  void finish() {
    finish_reduce();
    finish_gather();
  }
  /// Bytes of receive and send buffers, for the memory prediction.
  [[nodiscard]] virtual Index bytes() const { return 0; }
};

/// `sum` and `parameters` are arenas of the same size that outlive the reducer.
struct ReducerSettings {
  Index leaves = 1;              ///< micro-batches of a step = shards S
  Index bucket_bytes = 4 << 20;  ///< see make_buckets
  std::span<float> sum;
  std::span<float> parameters;
  Wire wire = Wire::fp32;  ///< tree only; see core/wire_format.hpp and Reducer::increments
  Index head_end = 0;      ///< tree only; see make_buckets
  int round_bits = ExchangePlan::standard_round_bits;  ///< tree only
  /// Tree only: memory to send a part of the arena, see Reducer::carry_in_reduce.
  bool packs = false;
  /// Tree only: the parts of the arena that are exchanged, ascending; none: all of it.
  std::vector<Range> parts = {};
};

/// `tree`: the leaf tree of core/tree_sum.hpp, reduce-scatter, sharded update, allgather: the same
/// bits on any number of ranks. See exchange_plan.hpp for the messages; they are fewest when leaves
/// / P is a power of two. Receive buffers: up to 64 MiB of buckets, but 4 to 32 buckets (or all),
/// are in flight; each takes (P - 1) / P of its size, times the nodes per rank when leaves / P is
/// not a power of two. Collective. Throws Error(usage) when there are more buckets than MPI has
/// tags for.
[[nodiscard]] std::unique_ptr<Reducer> make_tree_reducer(const Communicator& communicator,
                                                         const ReducerSettings& settings);

/// `allreduce`: the classic scheme. Each rank adds its parts from left to right, MPI_Iallreduce
/// sums a bucket over the ranks, and every rank updates everything (owned(b) = bucket b; gathering
/// does nothing). The bits depend on the number of ranks and on MPI, but are the same on all ranks.
/// It has no buffers; `parts` may be released when start_reduce returns. Collective.
[[nodiscard]] std::unique_ptr<Reducer> make_allreduce_reducer(const Communicator& communicator,
                                                              const ReducerSettings& settings);

}  // namespace hourglass
