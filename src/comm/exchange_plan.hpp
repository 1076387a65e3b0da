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
///   the leaves of a complete binary tree of ranks (so whenever leaves / P is a power of two). A
///   round takes some bits of the rank, the lowest first: the 2^b ranks that differ in these bits
///   alone exchange what they hold, each keeps one of 2^b slices and adds the other ranks' sums of
///   it: these additions ARE b levels of the tree. Slices are owned in bit-reversed order. The
///   gather goes back in reverse. Volume per rank and direction: (P - 1) / P of the bucket, the
///   most of it between neighbouring ranks, in 2^b - 1 messages per round. A round waits for the
///   one before it, and MPI is called only between layers: so there are few rounds. With b = 1 this
///   is recursive halving: Thakur, Rabenseifner, Gropp, "Optimization of collective communication
///   operations in MPICH", 2005.
/// - owner completes, otherwise: each rank sends each owner that slice of each of its nodes, and
/// the owner sums the tree.
///   One round; volume about (P - 1) / P of the bucket times the nodes a rank holds.
class ExchangePlan {
 public:
  /// At most `round_bits` bits of the rank are taken per round.
  ExchangePlan(Index leaves, int ranks, int rank, int round_bits = standard_round_bits);

  static constexpr int standard_round_bits = 4;

  [[nodiscard]] bool is_halving() const { return bits() > 0; }
  /// Rounds of the reduce, and of the gather. A round's sends depend on the receives of all
  /// preceding rounds.
  [[nodiscard]] int rounds() const {
    return is_halving() ? static_cast<int>(bits_done_.size()) - 1 : 1;
  }
  /// The nodes of all ranks, from left to right; together all leaves.
  [[nodiscard]] std::span<const Range> nodes() const { return nodes_; }
  /// This rank's positions in nodes().
  [[nodiscard]] Range own_nodes() const { return nodes_of(rank_); }

  /// The slice of the bucket that this rank sums completely and updates.
  [[nodiscard]] Range owned(Range bucket) const { return held(bucket, rank_, bits()); }
  /// Halving: the part of the bucket that this rank still sums after `rounds_done` rounds.
  [[nodiscard]] Range held(Range bucket, int rounds_done) const {
    return held(bucket, rank_, bits_done(rounds_done));
  }
  /// Halving: the ranks that exchange in a round, this one included, and its place among them.
  /// Their sums are neighbouring nodes of the tree, from left to right.
  [[nodiscard]] int group_size(int round) const {
    return 1 << (bits_done(round + 1) - bits_done(round));
  }
  [[nodiscard]] int place_in_group(int round) const {
    return (rank_ >> bits_done(round)) & (group_size(round) - 1);
  }
  /// The most messages that a rank receives in a round, and sends in all rounds, of one direction
  /// of a halving.
  [[nodiscard]] Index most_receives() const;
  [[nodiscard]] Index all_sends() const;
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
  [[nodiscard]] int bits() const { return bits_done_.back(); }
  [[nodiscard]] int bits_done(int rounds) const {
    return bits_done_[static_cast<std::size_t>(rounds)];
  }
  [[nodiscard]] int peer_at(int round, int place) const;
  [[nodiscard]] Range held(Range bucket, int rank, int bits_done) const;

  int ranks_;
  int rank_;
  std::vector<int> bits_done_{0};  // of the rank, after each round of a halving; 0: none
  std::vector<Range> nodes_;
  std::vector<Index> first_node_;  // of each rank, and the end
};

}  // namespace hourglass
