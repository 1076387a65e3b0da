#pragma once

#include <vector>

#include "comm/exchange_plan.hpp"
#include "comm/reducer.hpp"
#include "comm/request_set.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass::detail {

/// State shared by the two directions of a tree exchange.
struct TreeExchange {
  Communicator communicator;  ///< a duplicate, so that tags cannot collide with other messages
  ReducerSettings settings;
  ExchangePlan plan;
  std::vector<Range> buckets;
  RequestSet requests;
  Index sent_bytes = 0;

  /// Number of buckets in flight per direction: enough to hide the latency of a round between rare
  /// calls of progress(), few enough to bound the receive buffers of large models.
  [[nodiscard]] Index slots() const;
};

/// One direction (reduce-scatter or allgather) of the exchange: a queue of buckets whose oldest few
/// are in flight. Each bucket in flight occupies a slot, a state machine over the plan's rounds.
/// All receives of a bucket are posted when it is launched; a round's sends are posted when the
/// preceding rounds have been combined.
///
/// The number of slots cannot cause a deadlock: all ranks start buckets in the same order, so the
/// oldest bucket unfinished on any rank is in flight on every rank once all have started it.
///
/// Messages of different steps cannot be confused, although a fast rank may send those of step t +
/// 1 while a slow rank is still in step t. A tag identifies bucket and direction; for one (sender,
/// receiver, tag) the plan has the same messages in every step, and both sides post them in the
/// plan's order, step after step. MPI matches such messages in posting order (no overtaking), so
/// the n-th send matches the n-th receive.
class BucketPipeline {
 public:
  explicit BucketPipeline(TreeExchange& exchange);
  virtual ~BucketPipeline() = default;
  BucketPipeline(const BucketPipeline&) = delete;
  BucketPipeline& operator=(const BucketPipeline&) = delete;

  void start(Index bucket);
  /// Advances each bucket in flight as far as completed requests allow, and launches queued
  /// buckets.
  void advance();
  [[nodiscard]] bool is_ineffective() const { return in_flight_ == 0 && queued_ == 0; }
  [[nodiscard]] bool is_started(Index bucket) const {
    return state_.at(static_cast<std::size_t>(bucket)) != State::idle;
  }
  [[nodiscard]] bool is_done(Index bucket) const {
    return state_.at(static_cast<std::size_t>(bucket)) == State::done;
  }
  /// See Reducer::carry_in_reduce. The pipeline must be idle.
  void carry(const ActiveRows* rows);
  /// Forgets finished buckets before a new step. The pipeline must be idle.
  void reset();

 protected:
  /// Allows one more bucket in flight, with `receives_per_round` receives and `sends` sends in
  /// total.
  void add_slot(Index receives_per_round, Index sends);
  [[nodiscard]] Range range_of(Index bucket) const {
    return exchange_.buckets[static_cast<std::size_t>(bucket)];
  }
  /// Whether messages carry parts of their floats, packed.
  [[nodiscard]] bool is_packed() const { return rows_ != nullptr; }
  /// The floats that a message carries of a part of the arena.
  [[nodiscard]] Index carried(Range floats) const {
    return is_packed() ? rows_->floats_in(floats) : floats.size();
  }
  /// Calls visit(part, floats carried before it) for the parts that a message carries.
  template <class Visit>
  void for_carried(Range floats, const Visit& visit) const {
    Index before = 0;
    const auto next = [&](Range part) {
      visit(part, before);
      before += part.size();
    };
    if (is_packed()) {
      rows_->for_parts(floats, next);
    } else if (!floats.empty()) {
      next(floats);
    }
  }
  void post_receive(float* memory, const Message& message, int tag, std::size_t group);
  void post_receive(WireWord* memory, const Message& message, int tag, std::size_t group);
  void post_send(const float* memory, const Message& message, int tag, std::size_t group);
  void post_send(const WireWord* memory, const Message& message, int tag, std::size_t group);
  [[nodiscard]] Wire wire() const { return exchange_.settings.wire; }
  /// Whether floats are sent encoded (core/wire_format.hpp).
  [[nodiscard]] bool encodes() const { return wire() != Wire::fp32; }
  [[nodiscard]] Index words(Index floats) const { return wire_words(wire(), floats); }

  virtual void post_receives(Index bucket, Index slot, int round, std::size_t group) = 0;
  virtual void post_sends(Index bucket, Index slot, int round, std::size_t group) = 0;
  /// Called when all receives of the round have completed.
  virtual void combine(Index bucket, Index slot, int round) = 0;

  TreeExchange& exchange_;
  const ActiveRows* rows_ = nullptr;
  std::vector<Message> messages_;  // reused, so that steps allocate nothing

 private:
  enum class State : unsigned char { idle, queued, in_flight, done };
  struct Slot {
    std::size_t receives = 0;  // first of its request groups, one per round
    std::size_t sends = 0;     // request group
    Index bucket = -1;
    int round = 0;
  };
  [[nodiscard]] Index index_of(const Slot& slot) const { return &slot - slots_.data(); }
  void launch();
  void advance_slot(Slot& slot);

  std::vector<Slot> slots_;
  std::vector<State> state_;
  std::vector<Index> queue_;  // ring of bucket numbers
  std::size_t head_ = 0;
  Index queued_ = 0;
  Index in_flight_ = 0;
};

}  // namespace hourglass::detail
