#pragma once

#include <string>

#include "core/timer.hpp"
#include "run/metrics.hpp"
#include "system/live_line.hpp"

namespace hourglass {

/// The report of a run on standard output of rank 0: one live line on a terminal, plain lines
/// otherwise.
class Progress {
 public:
  /// `style`: auto, line, plain or none.
  Progress(const std::string& style, Index epochs, Index total_steps, Index first_step);

  /// Starts a stage: `name` ("" for the whole network) is printed before the number of its epochs.
  void begin_stage(const std::string& name, Index epochs);
  /// After every step; a terminal is written to at most ten times per second, and nothing is
  /// formatted in between.
  void step(Index epoch, Index step, double loss, double samples_per_second);
  void epoch(const MetricsRecord& record);
  /// A line of its own: notices, checkpoints.
  void note(const std::string& line);

 private:
  bool live_ = false;
  bool silent_ = false;
  LiveLine line_;
  std::string stage_;
  Index epochs_;
  Index total_steps_;
  Index first_step_;
  Timer run_;
  Timer since_shown_;
  Timer since_plain_;
};

}  // namespace hourglass
