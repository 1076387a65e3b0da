#pragma once

#include <span>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// One message of a bucket's exchange.
struct Message {
  int peer = 0;             ///< the other rank
  Range floats;             ///< floats of the arena; never empty
  Index part = 0;           ///< reduce, first round: index of the sender's part
  Index buffer_offset = 0;  ///< reduce, receiving: float offset in the bucket's receive buffer
};

/// The messages that sum the gradients of one bucket along the leaf tree (core/tree_sum.hpp) and
/// distribute its updated parameters. Pure arithmetic without MPI, the same on every rank.
///
/// Rank r of P holds the tree's maximal nodes inside leaves even_part(leaves, P, r). A bucket is
/// cut into P slices at multiples of 64 floats (some are empty when it has fewer than P cells);
/// each rank owns one slice. Two plans give the same bits:
///
/// - halving, when P > 1 is a power of two, each rank holds exactly one node, and these nodes are
/// the leaves of a complete
///   binary tree of ranks (so whenever leaves / P is a power of two). In round k = 0, 1, ... rank r
///   exchanges with rank r xor 2^k half of what it holds, and adds the half it keeps: that addition
///   IS the tree's level k. Slices are owned in bit-reversed order. The gather doubles back in
///   reverse. Volume per rank and direction: (P - 1) / P of the bucket in log2 P messages, the
///   largest between neighbouring ranks. See Thakur, Rabenseifner, Gropp, "Optimization of
///   collective communication operations in MPICH", 2005.
/// - owner completes, otherwise: each rank sends each owner that slice of each of its nodes, and
/// the owner sums the tree.
///   One round; volume about (P - 1) / P of the bucket times the nodes a rank holds.
class ExchangePlan {
 public:
  ExchangePlan(Index leaves, int ranks, int rank);

  [[nodiscard]] bool is_halving() const { return halving_rounds_ > 0; }
  /// Rounds of the reduce, and of the gather. A round's sends depend on the receives of all
  /// preceding rounds.
  [[nodiscard]] int rounds() const { return is_halving() ? halving_rounds_ : 1; }
  /// The nodes of all ranks, from left to right; together all leaves.
  [[nodiscard]] std::span<const Range> nodes() const { return nodes_; }
  /// This rank's positions in nodes().
  [[nodiscard]] Range own_nodes() const { return nodes_of(rank_); }

  /// The slice of the bucket that this rank sums completely and updates.
  [[nodiscard]] Range owned(Range bucket) const { return held(bucket, rank_, halving_rounds_); }
  /// Halving: the part of the bucket that this rank still sums after `rounds_done` rounds.
  [[nodiscard]] Range held(Range bucket, int rounds_done) const {
    return held(bucket, rank_, rounds_done);
  }
  /// Floats received during the bucket's reduce.
  [[nodiscard]] Index receive_floats(Range bucket) const;

  /// Append this rank's messages of a round to `messages`. Between two ranks, sends and receives of
  /// a round have the same order.
  void reduce_sends(Range bucket, int round, std::vector<Message>& messages) const;
  void reduce_receives(Range bucket, int round, std::vector<Message>& messages) const;
  void gather_sends(Range bucket, int round, std::vector<Message>& messages) const;
  void gather_receives(Range bucket, int round, std::vector<Message>& messages) const;

 private:
  [[nodiscard]] Range nodes_of(int rank) const;
  [[nodiscard]] Range held(Range bucket, int rank, int rounds_done) const;

  int ranks_;
  int rank_;
  int halving_rounds_ = 0;  // 0: owner completes
  std::vector<Range> nodes_;
  std::vector<Index> first_node_;  // of each rank, and the end
};

}  // namespace hourglass
