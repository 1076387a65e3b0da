#include "comm/bucket_pipeline.hpp"

#include <algorithm>

#include "comm/mpi_check.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::detail {

Index TreeExchange::slots() const {
  constexpr Index floats_in_flight = Index{16} << 20;  // 64 MiB
  if (buckets.empty()) return 0;
  Index largest = buckets.front().size();
  // Without parts, buckets but for the head's are alike.
  if (!settings.parts.empty())
    largest = std::ranges::max_element(buckets, {}, &Range::size)->size();
  const Index wanted = std::clamp(floats_in_flight / largest, Index{4}, Index{32});
  return std::min(wanted, static_cast<Index>(buckets.size()));
}

BucketPipeline::BucketPipeline(TreeExchange& exchange)
    : exchange_(exchange),
      state_(exchange.buckets.size(), State::idle),
      queue_(exchange.buckets.size()) {}

void BucketPipeline::add_slot(Index receives_per_round, Index sends) {
  RequestSet& requests = exchange_.requests;
  Slot slot;
  for (int round = 0; round < exchange_.plan.rounds(); ++round) {
    const std::size_t group = requests.add_group(RequestSet::Kind::receive, receives_per_round);
    if (round == 0) slot.receives = group;
  }
  slot.sends = requests.add_group(RequestSet::Kind::send, sends);
  slots_.push_back(slot);
}

void BucketPipeline::start(Index bucket) {
  State& state = state_.at(static_cast<std::size_t>(bucket));
  require(state == State::idle || state == State::done, "a bucket's exchange was started twice");
  state = State::queued;
  queue_[(head_ + static_cast<std::size_t>(queued_)) % queue_.size()] = bucket;
  ++queued_;
  launch();
}

void BucketPipeline::launch() {
  if (queued_ == 0) return;
  for (Slot& slot : slots_) {
    // A bucket without messages for this rank is done immediately and frees its slot.
    while (slot.bucket < 0 && queued_ > 0) {
      slot.bucket = queue_[head_];
      slot.round = 0;
      head_ = (head_ + 1) % queue_.size();
      --queued_;
      ++in_flight_;
      state_[static_cast<std::size_t>(slot.bucket)] = State::in_flight;
      for (int round = 0; round < exchange_.plan.rounds(); ++round) {
        post_receives(slot.bucket, index_of(slot), round,
                      slot.receives + static_cast<std::size_t>(round));
      }
      post_sends(slot.bucket, index_of(slot), 0, slot.sends);
      advance_slot(slot);
    }
  }
}

void BucketPipeline::advance() {
  if (in_flight_ == 0) return;
  for (Slot& slot : slots_) {
    if (slot.bucket >= 0) advance_slot(slot);
  }
  launch();
}

void BucketPipeline::advance_slot(Slot& slot) {
  const int rounds = exchange_.plan.rounds();
  const RequestSet& requests = exchange_.requests;
  while (slot.round < rounds &&
         requests.pending(slot.receives + static_cast<std::size_t>(slot.round)) == 0) {
    combine(slot.bucket, index_of(slot), slot.round);
    if (++slot.round < rounds) post_sends(slot.bucket, index_of(slot), slot.round, slot.sends);
  }
  // The caller may overwrite the sent values once the bucket is done, so its sends must be
  // complete.
  if (slot.round < rounds || requests.pending(slot.sends) > 0) return;
  state_[static_cast<std::size_t>(slot.bucket)] = State::done;
  slot.bucket = -1;
  --in_flight_;
}

void BucketPipeline::reset() {
  require(is_ineffective(), "a step ended with exchanges in flight");
  std::fill(state_.begin(), state_.end(), State::idle);
}

void BucketPipeline::carry(const ActiveRows* rows) {
  require(is_ineffective(), "what an exchange carries was changed on its way");
  rows_ = exchange_.settings.packs ? rows : nullptr;
}

void BucketPipeline::post_receive(float* memory, const Message& message, int tag,
                                  std::size_t group) {
  check_mpi(MPI_Irecv(memory, mpi_count(carried(message.floats)), MPI_FLOAT, message.peer, tag,
                      mpi_communicator(exchange_.communicator), exchange_.requests.add(group)),
            "MPI_Irecv");
}

void BucketPipeline::post_receive(WireWord* memory, const Message& message, int tag,
                                  std::size_t group) {
  check_mpi(MPI_Irecv(memory, mpi_count(words(carried(message.floats))), MPI_UINT16_T, message.peer,
                      tag, mpi_communicator(exchange_.communicator), exchange_.requests.add(group)),
            "MPI_Irecv");
}

void BucketPipeline::post_send(const float* memory, const Message& message, int tag,
                               std::size_t group) {
  const Index floats = carried(message.floats);
  exchange_.sent_bytes += floats * static_cast<Index>(sizeof(float));
  check_mpi(MPI_Isend(memory, mpi_count(floats), MPI_FLOAT, message.peer, tag,
                      mpi_communicator(exchange_.communicator), exchange_.requests.add(group)),
            "MPI_Isend");
}

void BucketPipeline::post_send(const WireWord* memory, const Message& message, int tag,
                               std::size_t group) {
  const Index count = words(carried(message.floats));
  exchange_.sent_bytes += count * static_cast<Index>(sizeof(WireWord));
  check_mpi(MPI_Isend(memory, mpi_count(count), MPI_UINT16_T, message.peer, tag,
                      mpi_communicator(exchange_.communicator), exchange_.requests.add(group)),
            "MPI_Isend");
}

}  // namespace hourglass::detail
