#include "core/phase_recorder.hpp"

#include <algorithm>
#include <array>

namespace hourglass {

std::string_view name_of(Phase phase) {
  constexpr std::array<std::string_view, phase_count> names = {
      "input",      "forward",    "loss",       "backward",  "tree sum",
      "exchange",   "update",     "statistics", "roots",     "precondition",
      "directions", "outer step", "validation", "checkpoint"};
  return names[static_cast<std::size_t>(phase)];
}

bool counts_flops(Phase phase) {
  return phase == Phase::forward || phase == Phase::backward || phase == Phase::statistics ||
         phase == Phase::precondition;
}

PhaseRecorder::PhaseRecorder(Index layers, Index kept_spans)
    : layers_(std::max<Index>(1, layers)),
      totals_(phase_count * static_cast<std::size_t>(layers_)),
      spans_(static_cast<std::size_t>(kept_spans)) {}

void PhaseRecorder::add(Phase phase, Index layer, double work, Clock::time_point begin,
                        Clock::time_point end) {
  Total& total = totals_[static_cast<std::size_t>(phase) * static_cast<std::size_t>(layers_) +
                         static_cast<std::size_t>(layer)];
  total.seconds += std::chrono::duration<double>(end - begin).count();
  total.work += work;
  ++total.calls;
  if (spans_.empty()) return;
  if (wrapped_) ++forgotten_;
  spans_[next_] = {begin, end, static_cast<std::int32_t>(layer), phase};
  if (++next_ == spans_.size()) {
    next_ = 0;
    wrapped_ = true;
  }
}

const PhaseRecorder::Total& PhaseRecorder::total(Phase phase, Index layer) const {
  return totals_[static_cast<std::size_t>(phase) * static_cast<std::size_t>(layers_) +
                 static_cast<std::size_t>(layer)];
}

std::vector<PhaseRecorder::Span> PhaseRecorder::spans() const {
  std::vector<Span> ordered;
  const auto next = spans_.begin() + static_cast<std::ptrdiff_t>(next_);
  if (wrapped_) ordered.assign(next, spans_.end());
  ordered.insert(ordered.end(), spans_.begin(), next);
  return ordered;
}

}  // namespace hourglass
