#pragma once

#include <vector>

#include "comm/exchange_plan.hpp"
#include "comm/reducer.hpp"
#include "comm/request_set.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass::detail {

/// What the two directions of a tree exchange share.
struct Exchange {
  Communicator communicator;  ///< a duplicate of its own, so that its tags are its own
  ReducerSettings settings;
  ExchangePlan plan;
  std::vector<Range> buckets;
  RequestSet requests;

  /// How many buckets may be in flight in one direction: enough to hide the latency of a round and
  /// rare calls of progress(); few enough that receive buffers stay bounded for large models.
  [[nodiscard]] Index slots() const;
};

/// One direction (reduce or gather) of the exchange: a queue of buckets, of which the oldest few
/// are in flight, each a small state machine over the plan's rounds in a slot. All receives of a
/// bucket are posted when it is launched, a round's sends when the rounds before have been
/// combined.
///
/// Ranks cannot deadlock on the number of slots: all start buckets in the same order, so the oldest
/// bucket that is unfinished anywhere is in flight everywhere as soon as every rank has started it.
///
/// Messages of different steps cannot be mixed up, although a fast rank may send those of step t +
/// 1 while a slow one still works on step t. A tag names a bucket and a direction; for one (sender,
/// receiver, tag) the plan has the same messages in every step, the sender posts them in the plan's
/// order, step after step, and so does the receiver. MPI matches such messages in the order of
/// posting (they never overtake), so the n-th send meets the n-th receive.
class ExchangeLane {
 public:
  explicit ExchangeLane(Exchange& exchange);
  virtual ~ExchangeLane() = default;
  ExchangeLane(const ExchangeLane&) = delete;
  ExchangeLane& operator=(const ExchangeLane&) = delete;

  void start(Index bucket);
  /// Takes each bucket in flight as far as the finished requests allow, and launches queued ones.
  void advance();
  [[nodiscard]] bool is_idle() const { return in_flight_ == 0 && queued_ == 0; }
  [[nodiscard]] bool is_started(Index bucket) const {
    return state_.at(static_cast<std::size_t>(bucket)) != State::idle;
  }
  [[nodiscard]] bool is_done(Index bucket) const {
    return state_.at(static_cast<std::size_t>(bucket)) == State::done;
  }
  /// Forgets finished buckets: a new step begins. The lane must be idle.
  void reset();

 protected:
  /// One more bucket in flight at a time, with so many receives a round and sends in all.
  void add_slot(Index receives_of_round, Index sends);
  [[nodiscard]] Range range_of(Index bucket) const {
    return exchange_.buckets[static_cast<std::size_t>(bucket)];
  }
  void post_receive(float* memory, const Message& message, int tag, std::size_t group);
  void post_receive(Bfloat16* memory, const Message& message, int tag, std::size_t group);
  void post_send(const float* memory, const Message& message, int tag, std::size_t group);
  void post_send(const Bfloat16* memory, const Message& message, int tag, std::size_t group);
  [[nodiscard]] bool is_rounding() const { return exchange_.settings.wire == Wire::bf16; }

  virtual void post_receives(Index bucket, Index slot, int round, std::size_t group) = 0;
  virtual void post_sends(Index bucket, Index slot, int round, std::size_t group) = 0;
  /// Called when all receives of the round are there.
  virtual void combine(Index bucket, Index slot, int round) = 0;

  Exchange& exchange_;
  std::vector<Message> messages_;  // reused, so that steps allocate nothing

 private:
  enum class State : unsigned char { idle, queued, in_flight, done };
  struct Slot {
    std::size_t receives = 0;  // first of one request group a round
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
