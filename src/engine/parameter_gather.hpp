#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "comm/reducer.hpp"
#include "engine/recording.hpp"
#include "nn/parameter_arrival.hpp"

namespace hourglass {

/// The gather of updated parameters that goes on while the next step's forward passes run: each
/// layer waits for its own parameters alone. The main thread drives the messages and publishes what
/// has arrived; other workers wait for that.
class ParameterGather final : public ParameterArrival {
 public:
  /// Made on the main thread. `reducer` outlives this, and so does `recording`, unless null.
  explicit ParameterGather(Reducer& reducer, const Recording* recording);

  /// Starts the gather of every bucket, after the update of all of them: in the order in which the
  /// next step needs them, the last bucket, which holds the first layer's parameters, first.
  void start();
  /// Publishes what has arrived; called by the main thread after it has driven the reducer.
  void publish();
  /// Waits for all parameters. Main thread.
  void finish();
  /// Whether parameters may be incomplete.
  [[nodiscard]] bool is_pending() const { return next_.load(std::memory_order_acquire) > 0; }

  void wait_for(Range arena) override;
  /// Seconds for which the main thread has waited in wait_for() and finish() in total.
  [[nodiscard]] double waited_seconds() const { return waited_seconds_; }

 private:
  Reducer& reducer_;
  const Recording* recording_;
  std::thread::id main_thread_ = std::this_thread::get_id();
  // Buckets with a number from here on have arrived: in the order of the forward pass, from the
  // last bucket, the head of the arena, to bucket 0. 0 when all have.
  std::atomic<Index> next_{0};
  double waited_seconds_ = 0;
};

}  // namespace hourglass
