#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hourglass/core/types.hpp"
#include "hourglass/dist/communicator.hpp"

namespace hourglass {

/// How an arena is cut for the exchange: buckets of about bucket_bytes (multiples of 64 floats), numbered in the order in which
/// the backward pass finishes them, so bucket 0 is the arena's tail. Pure arithmetic, no MPI.
[[nodiscard]] std::vector<Range> make_buckets(Index arena_floats, Index bucket_bytes);

/// A finished local sum over a node of the leaf tree, restricted to a bucket (see core/tree_sum.hpp for the tree).
struct BucketPart {
  Range node;         ///< leaves
  const float* data;  ///< first float of the bucket
};

/// Sums gradients over ranks and distributes updated parameters: the exchange of one step, bucket by bucket.
///
/// Order of calls in a step, all by the main thread, the same on every rank:
///   start_reduce(b, parts) for each bucket b = 0, 1, ...; progress() at any time;
///   wait_reduce(b): then `sum` holds the sum over all leaves in owned(b);
///   the caller updates `parameters` in owned(b); start_gather(b); finish(): then `parameters` is complete everywhere.
/// No method allocates after the first step.
class Reducer {
 public:
  virtual ~Reducer() = default;

  [[nodiscard]] virtual std::span<const Range> buckets() const = 0;
  /// The part of the arena in bucket b whose update this rank owns (may be empty): the rank's segment is their union.
  [[nodiscard]] virtual Range owned(Index bucket) const = 0;

  /// `parts`: this rank's maximal nodes (core/tree_sum.hpp: maximal_nodes of its leaf range), sorted, for this bucket. Their
  /// memory must stay until wait_reduce(bucket) returned. A part may be the bucket's place in `sum` itself.
  virtual void start_reduce(Index bucket, std::span<const BucketPart> parts) = 0;
  virtual void progress() = 0;
  virtual void wait_reduce(Index bucket) = 0;
  virtual void start_gather(Index bucket) = 0;
  virtual void finish() = 0;
};

/// What a reducer works on. `sum` and `parameters` are arenas of arena_floats floats that outlive it.
struct ReducerSettings {
  Index leaves = 1;  ///< micro-batches of a step = shards S
  Index bucket_bytes = 4 << 20;
  std::span<float> sum;
  std::span<float> parameters;
};

/// `tree`: the leaf tree, reduce-scatter, sharded update, allgather: the same bits on any number of ranks.
[[nodiscard]] std::unique_ptr<Reducer> make_tree_reducer(const Communicator& communicator, const ReducerSettings& settings);
/// `allreduce`: the classic scheme. Local sum, MPI_Iallreduce a bucket, every rank updates everything (owned(b) = bucket b).
[[nodiscard]] std::unique_ptr<Reducer> make_allreduce_reducer(const Communicator& communicator,
                                                              const ReducerSettings& settings);

}  // namespace hourglass
