#include "comm/exchange_plan.hpp"

#include <algorithm>
#include <bit>

#include "core/tree_sum.hpp"

namespace hourglass {

namespace {

// Whether the tree below `node` splits exactly as a complete binary tree over the ranks [first,
// first + count) does.
bool is_complete_tree_of_ranks(Range node, std::span<const Range> leaves_of_rank) {
  if (leaves_of_rank.size() == 1) return node == leaves_of_rank.front();
  const std::size_t half = leaves_of_rank.size() / 2;
  if (node.size() < 2 || tree_split(node) != leaves_of_rank[half].begin) return false;
  return is_complete_tree_of_ranks({node.begin, tree_split(node)}, leaves_of_rank.first(half)) &&
         is_complete_tree_of_ranks({tree_split(node), node.end}, leaves_of_rank.subspan(half));
}

int reversed_bits(int value, int bits) {
  int reversed = 0;
  for (int bit = 0; bit < bits; ++bit) reversed |= ((value >> bit) & 1) << (bits - 1 - bit);
  return reversed;
}

// Slices [first, first + count) of `parts`, in whole cells.
Range slices(Range bucket, int parts, int first, int count) {
  const Index cells = bucket.size() / cell_floats;
  return {bucket.begin + even_part(cells, parts, first).begin * cell_floats,
          bucket.begin + even_part(cells, parts, first + count - 1).end * cell_floats};
}

void append(std::vector<Message>& messages, const Message& message) {
  if (!message.floats.empty()) messages.push_back(message);
}

}  // namespace

ExchangePlan::ExchangePlan(Index leaves, int ranks, int rank, int round_bits)
    : ranks_(ranks), rank_(rank) {
  const auto count = static_cast<std::size_t>(ranks);
  std::vector<Range> leaves_of_rank;
  leaves_of_rank.reserve(count);
  nodes_.reserve(count);
  first_node_.reserve(count + 1);
  for (int r = 0; r < ranks; ++r) {
    leaves_of_rank.push_back(even_part(leaves, ranks, r));
    first_node_.push_back(static_cast<Index>(nodes_.size()));
    const std::vector<Range> held_nodes = maximal_nodes(leaves_of_rank.back(), leaves);
    nodes_.insert(nodes_.end(), held_nodes.begin(), held_nodes.end());
  }
  first_node_.push_back(static_cast<Index>(nodes_.size()));
  if (std::has_single_bit(count) && is_complete_tree_of_ranks({0, leaves}, leaves_of_rank)) {
    const int bits = std::countr_zero(count);
    const int rounds = (bits + round_bits - 1) / round_bits;
    for (int round = 1; round <= rounds; ++round) bits_done_.push_back(bits * round / rounds);
  }
}

Range ExchangePlan::nodes_of(int rank) const {
  const auto r = static_cast<std::size_t>(rank);
  return {first_node_[r], first_node_[r + 1]};
}

Index ExchangePlan::most_receives() const {
  int most = 1;
  for (int round = 0; round < rounds(); ++round) most = std::max(most, group_size(round));
  return most - 1;
}

Index ExchangePlan::all_sends() const {
  Index sends = 0;
  for (int round = 0; round < rounds(); ++round) sends += group_size(round) - 1;
  return sends;
}

int ExchangePlan::peer_at(int round, int place) const {
  const int mask = (group_size(round) - 1) << bits_done(round);
  return (rank_ & ~mask) | (place << bits_done(round));
}

Range ExchangePlan::held(Range bucket, int rank, int bits_done) const {
  // Round 0 cuts the whole bucket, so the rank's lowest bits decide the largest cut: slices lie in
  // bit-reversed order.
  if (!is_halving()) return slices(bucket, ranks_, rank, 1);
  const int count = ranks_ >> bits_done;
  const int first = reversed_bits(rank, bits()) / count * count;
  return slices(bucket, ranks_, first, count);
}

Index ExchangePlan::receive_floats(Range bucket) const {
  if (!is_halving())
    return (static_cast<Index>(nodes_.size()) - own_nodes().size()) * owned(bucket).size();
  Index floats = 0;
  for (int round = 0; round < rounds(); ++round)
    floats += (group_size(round) - 1) * held(bucket, round + 1).size();
  return floats;
}

void ExchangePlan::reduce_sends(Range bucket, int round, std::vector<Message>& messages) const {
  if (is_halving()) {
    const int size = group_size(round);
    for (int distance = 1; distance < size; ++distance) {
      const int peer = peer_at(round, (place_in_group(round) + distance) % size);
      append(messages, {peer, held(bucket, peer, bits_done(round + 1))});
    }
    return;
  }
  // Every rank starts with its successor rather than with rank 0, so that no rank is flooded.
  for (int distance = 1; distance < ranks_; ++distance) {
    const int peer = (rank_ + distance) % ranks_;
    const Range slice = held(bucket, peer, 0);
    for (Index part = 0; part < own_nodes().size(); ++part) append(messages, {peer, slice, part});
  }
}

void ExchangePlan::reduce_receives(Range bucket, int round, std::vector<Message>& messages) const {
  if (is_halving()) {
    Index offset = 0;
    for (int before = 0; before < round; ++before)
      offset += (group_size(before) - 1) * held(bucket, before + 1).size();
    const Range slice = held(bucket, round + 1);
    const int size = group_size(round);
    const int own = place_in_group(round);
    for (int distance = 1; distance < size; ++distance) {
      const int place = (own + size - distance) % size;
      // In the order of the group, without a gap where this rank would be.
      const Index position = place < own ? place : place - 1;
      append(messages, {peer_at(round, place), slice, 0, offset + position * slice.size()});
    }
    return;
  }
  const Range slice = owned(bucket);
  for (int distance = 1; distance < ranks_; ++distance) {
    const int peer = (rank_ + ranks_ - distance) % ranks_;
    const Range nodes = nodes_of(peer);
    for (Index node = nodes.begin; node < nodes.end; ++node) {
      // The receive buffer holds the other ranks' nodes from left to right, without a gap where
      // ours would be.
      const Index position = peer < rank_ ? node : node - own_nodes().size();
      append(messages, {peer, slice, node - nodes.begin, position * slice.size()});
    }
  }
}

void ExchangePlan::gather_sends(Range bucket, int round, std::vector<Message>& messages) const {
  if (is_halving()) {
    const int undone = rounds() - 1 - round;
    const int size = group_size(undone);
    for (int distance = 1; distance < size; ++distance) {
      append(messages, {peer_at(undone, (place_in_group(undone) + distance) % size),
                        held(bucket, undone + 1)});
    }
    return;
  }
  for (int distance = 1; distance < ranks_; ++distance) {
    append(messages, {(rank_ + distance) % ranks_, owned(bucket)});
  }
}

void ExchangePlan::gather_receives(Range bucket, int round, std::vector<Message>& messages) const {
  if (is_halving()) {
    const int undone = rounds() - 1 - round;
    const int size = group_size(undone);
    for (int distance = 1; distance < size; ++distance) {
      const int peer = peer_at(undone, (place_in_group(undone) + size - distance) % size);
      append(messages, {peer, held(bucket, peer, bits_done(undone + 1))});
    }
    return;
  }
  for (int distance = 1; distance < ranks_; ++distance) {
    const int peer = (rank_ + ranks_ - distance) % ranks_;
    append(messages, {peer, held(bucket, peer, 0)});
  }
}

}  // namespace hourglass
