#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "model/unit_use.hpp"

namespace hourglass {

/// The use of each unit of a sparse code in a run: samples since it was last used, as whole numbers
/// of samples in updates, and uses in the epoch in progress. Part of a checkpoint; the same on
/// every rank, and on any number of them. Empty for models without a sparse code.
class UnitHistory {
 public:
  [[nodiscard]] bool empty() const { return unused_.empty(); }
  /// Counts an update of `samples` samples.
  void count(const UnitUse& use, Index samples);
  /// A unit that begins anew.
  void count_as_used(Index unit) { unused_[static_cast<std::size_t>(unit)] = 0; }
  void finish_epoch();

  /// Of each unit, the samples since its last use, or since the start.
  [[nodiscard]] std::span<const std::int64_t> unused() const { return unused_; }
  /// Units that at least so many samples have not used.
  [[nodiscard]] Index count_dead(Index samples) const;
  /// These units, ascending; valid until the next call.
  [[nodiscard]] std::span<const std::int32_t> find_dead(Index samples);
  /// Uses by the samples of the epoch in progress.
  [[nodiscard]] std::span<const std::int64_t> epoch_use() const { return epoch_use_; }
  /// These: fewer than the epoch's, in an epoch that a version without counts began.
  [[nodiscard]] Index epoch_samples() const { return epoch_samples_; }

  void store(StateHeader& header) const;
  void load(const StateHeader& header);

 private:
  std::vector<std::int64_t> unused_;
  std::vector<std::int64_t> epoch_use_;
  Index epoch_samples_ = 0;
  std::vector<std::int32_t> dead_;  // of find_dead()
};

}  // namespace hourglass
