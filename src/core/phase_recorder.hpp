#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The phases that a worker's time is divided into.
enum class Phase : std::uint8_t {
  input,         ///< gathering a micro-batch: waiting for the data, conversion, normalisation
  forward,       ///< of one layer
  loss,          ///< value and gradient
  backward,      ///< of one layer
  tree_sum,      ///< adding gradients of micro-batches and of workers
  exchange,      ///< communication not hidden by computation: starting, driving, waiting
  update,        ///< the optimizer, element by element
  statistics,    ///< second-order optimizers: sums of products of gradients
  roots,         ///< the same: inverse roots, eigenbases, inverses
  precondition,  ///< optimizers of whole matrices: directions
  directions,    ///< the same: exchange of gradients and directions with the matrices' owners
  outer_step,    ///< local steps: exchange of the groups' weights and the step from them
  validation,    ///< passes over the validation data
  checkpoint,    ///< writing state
};
inline constexpr std::size_t phase_count = 14;

[[nodiscard]] std::string_view name_of(Phase phase);
/// Whether the work of a phase is arithmetic: products of matrices.
[[nodiscard]] bool counts_flops(Phase phase);

/// Totals by phase and layer of one worker, and its newest spans for a trace. Written by one
/// thread; allocates nothing after construction. `work` is in FLOP where counts_flops(), in
/// bytes moved otherwise.
class PhaseRecorder {
 public:
  using Clock = std::chrono::steady_clock;
  struct Total {
    double seconds = 0;
    double work = 0;
    Index calls = 0;
  };
  struct Span {
    Clock::time_point begin;
    Clock::time_point end;
    std::int32_t layer = 0;
    Phase phase = Phase::input;
  };

  /// `kept_spans`: the number of spans kept; newer ones overwrite the oldest. 0: totals only.
  PhaseRecorder(Index layers, Index kept_spans);

  void add(Phase phase, Index layer, double work, Clock::time_point begin, Clock::time_point end);

  [[nodiscard]] Index layers() const { return layers_; }
  /// Phases that have no layers are recorded under layer 0.
  [[nodiscard]] const Total& total(Phase phase, Index layer = 0) const;
  /// Number of spans overwritten.
  [[nodiscard]] Index forgotten() const { return forgotten_; }
  /// Oldest first.
  [[nodiscard]] std::vector<Span> spans() const;

 private:
  Index layers_;
  std::vector<Total> totals_;  // phase x layer
  std::vector<Span> spans_;    // a ring
  std::size_t next_ = 0;
  bool wrapped_ = false;
  Index forgotten_ = 0;
};

/// Records the time between construction and destruction; without a recorder it does nothing and
/// does not read the clock.
class PhaseSpan {
 public:
  explicit PhaseSpan(PhaseRecorder* recorder, Phase phase, Index layer = 0, double work = 0)
      : recorder_(recorder), work_(work), layer_(layer), phase_(phase) {
    if (recorder_ != nullptr) begin_ = PhaseRecorder::Clock::now();
  }
  ~PhaseSpan() {
    if (recorder_ != nullptr)
      recorder_->add(phase_, layer_, work_, begin_, PhaseRecorder::Clock::now());
  }
  PhaseSpan(const PhaseSpan&) = delete;
  PhaseSpan& operator=(const PhaseSpan&) = delete;

 private:
  PhaseRecorder* recorder_;
  double work_;
  Index layer_;
  Phase phase_;
  PhaseRecorder::Clock::time_point begin_{};
};

}  // namespace hourglass
