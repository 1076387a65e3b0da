#include "comm/allgather_pipeline.hpp"

#include <algorithm>
#include <array>

namespace hourglass::detail {

namespace {

int gather_tag(Index bucket) { return static_cast<int>(2 * bucket + 1); }

// The floats that a rank sends of a bucket in all rounds, each to one or several ranks.
Index sent_floats_of(const ExchangePlan& plan, Range bucket, std::vector<Message>& messages) {
  Index floats = 0;
  for (int round = 0; round < plan.rounds(); ++round) {
    messages.clear();
    plan.gather_sends(bucket, round, messages);
    if (!messages.empty()) floats += messages.front().floats.size();
  }
  return floats;
}

}  // namespace

AllgatherPipeline::AllgatherPipeline(TreeExchange& exchange) : BucketPipeline(exchange) {
  const Index others = exchange.communicator.size() - 1;
  const ExchangePlan& plan = exchange.plan;
  const Index receives = plan.is_halving() ? plan.most_receives() : others;
  const Index sends = plan.is_halving() ? plan.all_sends() : others;
  // Two buckets at a time: what is needed first must not share the network with all the rest, and
  // the second fills the gaps between the rounds of the first.
  const Index slots = std::min(exchange.slots(), Index{2});
  for (Index slot = 0; slot < slots; ++slot) add_slot(receives, sends);
  if (encodes())
    increments_ = Buffer<WireWord>(words(static_cast<Index>(exchange.settings.parameters.size())));
  messages_.reserve(static_cast<std::size_t>(std::max(receives, sends)));
  sent_floats_.resize(static_cast<std::size_t>(slots));
  if (!exchange.settings.packs || others == 0) return;
  Index send_floats = 0;
  for (const Range& bucket : exchange.buckets) {
    receive_floats_ = std::max(receive_floats_, bucket.size());
    send_floats = std::max(send_floats, sent_floats_of(plan, bucket, messages_));
  }
  slot_floats_ = receive_floats_ + send_floats;
  if (encodes()) {
    packed_words_ = Buffer<WireWord>(words(slots * slot_floats_));
  } else {
    packed_ = Buffer<float>(slots * slot_floats_);
  }
}

void AllgatherPipeline::post_receives(Index bucket, Index slot, int round, std::size_t group) {
  messages_.clear();
  exchange_.plan.gather_receives(range_of(bucket), round, messages_);
  for (const Message& message : messages_) {
    const Index place =
        is_packed() ? received_at(bucket, slot, message.floats) : message.floats.begin;
    if (encodes()) {
      WireWord* const memory = (is_packed() ? packed_words_ : increments_).data();
      post_receive(memory + words(place), message, gather_tag(bucket), group);
      continue;
    }
    float* const memory = is_packed() ? packed_.data() : exchange_.settings.parameters.data();
    post_receive(memory + place, message, gather_tag(bucket), group);
  }
}

// All messages of a round carry the same floats, which are packed once.
void AllgatherPipeline::post_sends(Index bucket, Index slot, int round, std::size_t group) {
  messages_.clear();
  exchange_.plan.gather_sends(range_of(bucket), round, messages_);
  if (messages_.empty()) return;
  const Range floats = messages_.front().floats;
  const float* values = exchange_.settings.parameters.data() + floats.begin;
  const WireWord* encoded = encodes() ? increments_.data() + words(floats.begin) : nullptr;
  if (is_packed()) {
    Index& sent = sent_floats_[static_cast<std::size_t>(slot)];
    if (round == 0) sent = 0;
    const Index place = sent_at(slot, sent);
    for_carried(floats, [&](Range part, Index before) {
      if (encodes()) {
        std::copy_n(increments_.data() + words(part.begin), words(part.size()),
                    packed_words_.data() + words(place + before));
      } else {
        std::copy_n(exchange_.settings.parameters.data() + part.begin, part.size(),
                    packed_.data() + place + before);
      }
    });
    sent += floats.size();
    if (encodes()) {
      encoded = packed_words_.data() + words(place);
    } else {
      values = packed_.data() + place;
    }
  }
  for (const Message& message : messages_) {
    if (encodes()) {
      post_send(encoded, message, gather_tag(bucket), group);
    } else {
      post_send(values, message, gather_tag(bucket), group);
    }
  }
}

// Parameters are received in place, unless they are packed; increments are added to the parameters
// here.
void AllgatherPipeline::combine(Index bucket, Index slot, int round) {
  if (!encodes() && !is_packed()) return;
  messages_.clear();
  exchange_.plan.gather_receives(range_of(bucket), round, messages_);
  for (const Message& message : messages_) {
    if (is_packed()) unpack(bucket, slot, message.floats);
    if (encodes()) add_increments(message.floats);
  }
}

void AllgatherPipeline::unpack(Index bucket, Index slot, Range floats) {
  const Index place = received_at(bucket, slot, floats);
  for_carried(floats, [&](Range part, Index before) {
    if (encodes()) {
      std::copy_n(packed_words_.data() + words(place + before), words(part.size()),
                  increments_.data() + words(part.begin));
    } else {
      std::copy_n(packed_.data() + place + before, part.size(),
                  exchange_.settings.parameters.data() + part.begin);
    }
  });
}

void AllgatherPipeline::add_increments(Range floats) {
  float* const parameters = exchange_.settings.parameters.data();
  for_carried(floats, [&](Range part, Index /*before*/) {
    for (Index cell = part.begin; cell < part.end; cell += cell_floats) {
      std::array<float, cell_floats> increment;
      decode(wire(), increments_.data() + words(cell), cell_floats, increment.data());
      for (Index i = 0; i < cell_floats; ++i)
        parameters[cell + i] += increment[static_cast<std::size_t>(i)];
    }
  });
}

}  // namespace hourglass::detail
