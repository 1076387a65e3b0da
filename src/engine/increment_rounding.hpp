#pragma once

#include <span>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "core/buffer.hpp"
#include "engine/gradient_exchange.hpp"

namespace hourglass {

/// Rounds what an update adds to the parameters to the format in which it is sent
/// (Reducer::increments), so that the owner and all other ranks add the same numbers:
///   increment = round(updated - before + residual),  parameter = before + increment
/// With an 8-bit wire the owner keeps the rounding error as the residual of the next update (error
/// feedback: Seide et al., "1-bit stochastic gradient descent", Interspeech 2014), because small
/// increments beside large ones of the same cell would otherwise be lost for good. A residual
/// belongs to a parameter, whoever owns it, so it does not depend on the number of ranks; it is
/// part of the optimizer state. With bfloat16, whose error is relative to each increment, there is
/// none.
class IncrementRounding {
 public:
  /// `exchange` outlives this.
  explicit IncrementRounding(GradientExchange& exchange);

  /// Whether increments are sent rounded.
  [[nodiscard]] bool is_needed() const { return !exchange_.increments().empty(); }
  /// `begin`: the first float of `parameters` in the arena; `state_offset`: in this rank's segment.
  /// Whole cells. Concurrent calls on different parts are allowed.
  void round(Index begin, Index state_offset, std::span<const float> before,
             std::span<float> parameters);

  /// The residual as it is written to a checkpoint, if there is one.
  [[nodiscard]] std::vector<StoredArena> stored(std::span<const StoredTensor> tensors) const;
  /// Reads it and returns its bytes. Throws the same Error on every rank. Collective.
  Index load(const StateFile& file);
  [[nodiscard]] Index bytes() const { return residual_.size() * static_cast<Index>(sizeof(float)); }

 private:
  GradientExchange& exchange_;
  Buffer<float> residual_;  // of the segment; empty without feedback
};

}  // namespace hourglass
