#include "comm/allgather_pipeline.hpp"

#include <array>

namespace hourglass::detail {

namespace {

int gather_tag(Index bucket) { return static_cast<int>(2 * bucket + 1); }

}  // namespace

AllgatherPipeline::AllgatherPipeline(TreeExchange& exchange) : BucketPipeline(exchange) {
  const Index others = exchange.communicator.size() - 1;
  const ExchangePlan& plan = exchange.plan;
  const Index receives = plan.is_halving() ? 1 : others;
  const Index sends = plan.is_halving() ? plan.rounds() : others;
  for (Index slot = 0; slot < exchange.slots(); ++slot) add_slot(receives, sends);
  if (encodes())
    increments_ = Buffer<WireWord>(words(static_cast<Index>(exchange.settings.parameters.size())));
  messages_.reserve(static_cast<std::size_t>(others));
}

void AllgatherPipeline::post_receives(Index bucket, Index /*slot*/, int round, std::size_t group) {
  messages_.clear();
  exchange_.plan.gather_receives(range_of(bucket), round, messages_);
  for (const Message& message : messages_) {
    if (encodes()) {
      post_receive(increments_.data() + words(message.floats.begin), message, gather_tag(bucket),
                   group);
      continue;
    }
    post_receive(exchange_.settings.parameters.data() + message.floats.begin, message,
                 gather_tag(bucket), group);
  }
}

void AllgatherPipeline::post_sends(Index bucket, Index /*slot*/, int round, std::size_t group) {
  messages_.clear();
  exchange_.plan.gather_sends(range_of(bucket), round, messages_);
  for (const Message& message : messages_) {
    if (encodes()) {
      post_send(increments_.data() + words(message.floats.begin), message, gather_tag(bucket),
                group);
      continue;
    }
    post_send(exchange_.settings.parameters.data() + message.floats.begin, message,
              gather_tag(bucket), group);
  }
}

// Parameters are received in place; increments are added to the parameters here.
void AllgatherPipeline::combine(Index bucket, Index /*slot*/, int round) {
  if (!encodes()) return;
  messages_.clear();
  exchange_.plan.gather_receives(range_of(bucket), round, messages_);
  float* parameters = exchange_.settings.parameters.data();
  for (const Message& message : messages_) {
    for (Index cell = message.floats.begin; cell < message.floats.end; cell += cell_floats) {
      std::array<float, cell_floats> increment;
      decode(wire(), increments_.data() + words(cell), cell_floats, increment.data());
      for (Index i = 0; i < cell_floats; ++i)
        parameters[cell + i] += increment[static_cast<std::size_t>(i)];
    }
  }
}

}  // namespace hourglass::detail
