#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "hourglass/core/matrix_view.hpp"
#include "nn/sparse_code.hpp"

namespace hourglass {

/// Of each unit of a sparse code the number of samples that use it, whose code has a value other
/// than 0 there: integers, so that the sums do not depend on how samples are grouped over
/// micro-batches, workers and ranks.
class UnitUse {
 public:
  UnitUse() = default;
  /// Of `units` code units; 0 for models without a sparse code.
  explicit UnitUse(Index units) : counts_(static_cast<std::size_t>(units)) {}

  [[nodiscard]] bool empty() const { return counts_.empty(); }
  [[nodiscard]] Index units() const { return static_cast<Index>(counts_.size()); }
  void clear();
  /// Adds the rows of `codes`, rows x units.
  void add(ConstMatrix codes);
  /// Adds the first rows of a sparse code.
  void add(const SparseCode& code, Index rows);
  /// Adds a sample that uses a unit.
  void add(Index unit) { ++counts_[static_cast<std::size_t>(unit)]; }
  void add(const UnitUse& other);
  [[nodiscard]] std::span<const std::int64_t> counts() const { return counts_; }

  /// The counts of at most 2^31 - 1 samples, two in a word, to be summed over ranks element-wise:
  /// the words of the sums while the samples of all ranks are as few.
  [[nodiscard]] static std::size_t word_count(Index units) {
    return static_cast<std::size_t>(units + 1) / 2;
  }
  void pack(std::span<std::int64_t> words) const;
  void unpack(std::span<const std::int64_t> words);

 private:
  std::vector<std::int64_t> counts_;
};

/// The mean number of active units per sample: L0.
[[nodiscard]] double mean_active_units(std::span<const std::int64_t> counts, Index samples);

/// Units by the share of samples that use them: never; below 10^-6, 10^-5, ..., 10^-1; more.
inline constexpr std::size_t use_bins = 8;
[[nodiscard]] std::vector<std::int64_t> use_histogram(std::span<const std::int64_t> counts,
                                                      Index samples);
/// "never", "< 1e-6", ..., "< 0.1", "0.1 and more".
[[nodiscard]] std::string_view use_bin_name(std::size_t bin);

}  // namespace hourglass
