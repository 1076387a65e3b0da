#include "comm/reduce_scatter_pipeline.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"

namespace hourglass::detail {

namespace {

int reduce_tag(Index bucket) { return static_cast<int>(2 * bucket); }

}  // namespace

ReduceScatterPipeline::ReduceScatterPipeline(TreeExchange& exchange)
    : BucketPipeline(exchange), node_count_(exchange.plan.own_nodes().size()) {
  const ExchangePlan& plan = exchange.plan;
  const Index foreign_nodes = static_cast<Index>(plan.nodes().size()) - node_count_;
  const Index receives = plan.is_halving() ? plan.most_receives() : foreign_nodes;
  const Index sends =
      plan.is_halving() ? plan.all_sends() : node_count_ * (exchange.communicator.size() - 1);
  const Index slots = exchange.slots();
  for (Index slot = 0; slot < slots; ++slot) add_slot(receives, sends);
  for (const Range& bucket : exchange.buckets) {
    slot_floats_ = std::max(slot_floats_, plan.receive_floats(bucket));
    // Halving sends the part that it does not keep, once. Otherwise each peer is sent its slice of
    // each of this rank's nodes.
    const Index others = bucket.size() - plan.owned(bucket).size();
    send_floats_ = std::max(send_floats_, plan.is_halving() ? others : others * node_count_);
  }
  receive_buffer_ = Buffer<float>(encodes() ? slot_floats_ : slots * slot_floats_);
  if (encodes()) {
    wire_receive_buffer_ = Buffer<WireWord>(slots * words(slot_floats_));
    wire_send_buffer_ = Buffer<WireWord>(slots * words(send_floats_));
  } else if (exchange.settings.packs) {
    send_buffer_ = Buffer<float>(slots * send_floats_);
  }
  packed_floats_.resize(static_cast<std::size_t>(slots));
  parts_.resize(static_cast<std::size_t>(node_count_) * exchange.buckets.size());
  sums_.reserve(plan.is_halving() ? static_cast<std::size_t>(receives + 1) : plan.nodes().size());
  messages_.reserve(static_cast<std::size_t>(std::max(sends, receives)));
}

void ReduceScatterPipeline::start(Index bucket, std::span<const BucketPart> parts) {
  const Range own = exchange_.plan.own_nodes();
  bool as_planned = static_cast<Index>(parts.size()) == own.size();
  for (std::size_t i = 0; as_planned && i < parts.size(); ++i) {
    as_planned = parts[i].node == exchange_.plan.nodes()[static_cast<std::size_t>(own.begin) + i];
  }
  require(as_planned, "the parts of a bucket are not the rank's maximal nodes");
  require(!is_started(bucket) || is_done(bucket), "a bucket's exchange was started twice");
  for (std::size_t i = 0; i < parts.size(); ++i)
    part(bucket, static_cast<Index>(i)) = parts[i].data;
  BucketPipeline::start(bucket);
}

// This rank's contribution from float `begin` on: the caller's part in the first round, the running
// sum afterwards.
const float* ReduceScatterPipeline::contribution(Index bucket, Index index, Index begin,
                                                 int round) {
  if (round > 0) return exchange_.settings.sum.data() + begin;
  return part(bucket, index) + (begin - range_of(bucket).begin);
}

void ReduceScatterPipeline::post_receives(Index bucket, Index slot, int round, std::size_t group) {
  messages_.clear();
  exchange_.plan.reduce_receives(range_of(bucket), round, messages_);
  for (const Message& message : messages_) {
    if (encodes()) {
      post_receive(wire_receive_buffer_.data() + words(slot * slot_floats_ + message.buffer_offset),
                   message, reduce_tag(bucket), group);
      continue;
    }
    post_receive(receive_buffer(slot) + message.buffer_offset, message, reduce_tag(bucket), group);
  }
}

void ReduceScatterPipeline::post_sends(Index bucket, Index slot, int round, std::size_t group) {
  if (round == 0) packed_floats_[static_cast<std::size_t>(slot)] = 0;
  messages_.clear();
  exchange_.plan.reduce_sends(range_of(bucket), round, messages_);
  for (const Message& message : messages_) {
    const float* values = contribution(bucket, message.part, message.floats.begin, round);
    if (encodes()) {
      post_send(pack_for_wire(slot, values, message.floats), message, reduce_tag(bucket), group);
    } else if (is_packed()) {
      post_send(pack(slot, values, message.floats), message, reduce_tag(bucket), group);
    } else {
      post_send(values, message, reduce_tag(bucket), group);
    }
  }
}

void ReduceScatterPipeline::combine(Index bucket, Index slot, int round) {
  if (exchange_.plan.is_halving()) {
    add_received_sums(bucket, slot, round);
  } else {
    complete_tree(bucket, slot);
  }
}

const WireWord* ReduceScatterPipeline::pack_for_wire(Index slot, const float* contribution,
                                                     Range floats) {
  Index& used = packed_floats_[static_cast<std::size_t>(slot)];
  WireWord* const to = wire_send_buffer_.data() + words(slot * send_floats_ + used);
  for_carried(floats, [&](Range part, Index before) {
    encode(wire(), contribution + (part.begin - floats.begin), part.size(), to + words(before));
    used += part.size();
  });
  return to;
}

const float* ReduceScatterPipeline::pack(Index slot, const float* contribution, Range floats) {
  Index& used = packed_floats_[static_cast<std::size_t>(slot)];
  float* const to = send_buffer_.data() + slot * send_floats_ + used;
  for_carried(floats, [&](Range part, Index before) {
    std::copy_n(contribution + (part.begin - floats.begin), part.size(), to + before);
    used += part.size();
  });
  return to;
}

const float* ReduceScatterPipeline::received(Index slot, Index offset, Index messages, Index stride,
                                             Index size) {
  if (!encodes()) return receive_buffer(slot) + offset;
  for (Index m = 0; m < messages; ++m) {
    decode(wire(), wire_receive_buffer_.data() + words(slot * slot_floats_ + offset + m * stride),
           size, receive_buffer_.data() + m * stride);
  }
  return receive_buffer_.data();
}

// The group's sums are the children of one node, from left to right.
void ReduceScatterPipeline::add_received_sums(Index bucket, Index slot, int round) {
  const ExchangePlan& plan = exchange_.plan;
  const Range slice = plan.held(range_of(bucket), round + 1);
  if (slice.empty()) return;
  messages_.clear();
  plan.reduce_receives(range_of(bucket), round, messages_);
  const Index offset =
      std::ranges::min_element(messages_, {}, &Message::buffer_offset)->buffer_offset;
  const Index size = plan.group_size(round);
  const float* const arrived = received(slot, offset, size - 1, slice.size(), carried(slice));
  for_carried(slice, [&](Range part, Index before) {
    const float* next = arrived + before;
    sums_.clear();
    for (Index place = 0; place < size; ++place) {
      const bool is_own = place == plan.place_in_group(round);
      const float* data = is_own ? contribution(bucket, 0, part.begin, round) : next;
      sums_.push_back({{place, place + 1}, data});
      if (!is_own) next += slice.size();
    }
    tree_sum({0, size}, sums_, exchange_.settings.sum.data() + part.begin, part.size(), wire());
  });
}

void ReduceScatterPipeline::complete_tree(Index bucket, Index slot) {
  const Range slice = exchange_.plan.owned(range_of(bucket));
  if (slice.empty()) return;
  const std::span<const Range> nodes = exchange_.plan.nodes();
  const Range own = exchange_.plan.own_nodes();
  const auto node_count = static_cast<Index>(nodes.size());
  const float* const arrived =
      received(slot, 0, node_count - own.size(), slice.size(), carried(slice));
  for_carried(slice, [&](Range part, Index before) {
    const float* next = arrived + before;
    sums_.clear();
    for (Index node = 0; node < node_count; ++node) {
      const bool is_own = node >= own.begin && node < own.end;
      const float* data = is_own ? contribution(bucket, node - own.begin, part.begin, 0) : next;
      sums_.push_back({nodes[static_cast<std::size_t>(node)], data});
      if (!is_own) next += slice.size();
    }
    float* const sum = exchange_.settings.sum.data() + part.begin;
    if (sums_.size() == 1 && sums_.front().data == sum) return;
    tree_sum({0, exchange_.settings.leaves}, sums_, sum, part.size(), wire());
  });
}

}  // namespace hourglass::detail
