#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "run/metrics.hpp"

namespace hourglass {

/// The completed epochs of a run: one value per epoch in each series, as models and checkpoints
/// hold them ("/history/loss"; of pretraining "/history/pretraining/loss").
class History {
 public:
  /// Appends an epoch's record; one with a layer belongs to pretraining.
  void add(const MetricsRecord& record);

  /// Of the whole network, one per epoch: NaN without validation data.
  [[nodiscard]] std::span<const double> validation_errors() const;
  /// Whether the validation error of the last epoch is the smallest so far.
  [[nodiscard]] bool is_best_epoch() const;
  /// Epochs since the one with the smallest validation error; 0 before the first.
  [[nodiscard]] Index epochs_since_best() const;

  void store(StateHeader& header) const;
  /// Adds the series of a file.
  void load(const StateHeader& header);

 private:
  std::map<std::string, std::vector<double>> series_;  // by absolute path
};

}  // namespace hourglass
