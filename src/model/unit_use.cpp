#include "model/unit_use.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "hourglass/core/error.hpp"

namespace hourglass {

void UnitUse::clear() { std::ranges::fill(counts_, 0); }

void UnitUse::add(ConstMatrix codes) {
  require(codes.columns == units(), "codes of another model");
  for (Index r = 0; r < codes.rows; ++r) {
    const float* const row = codes.row(r).data();
    for (Index j = 0; j < codes.columns; ++j)
      counts_[static_cast<std::size_t>(j)] += row[j] != 0 ? 1 : 0;
  }
}

void UnitUse::add(const SparseCode& code, Index rows) {
  require(code.units() == units(), "codes of another model");
  const SparseRows listed = code.view();
  const auto end = static_cast<std::size_t>(code.start(std::min(code.rows(), rows)));
  for (std::size_t e = 0; e < end; ++e) {
    if (listed.values[e] != 0) add(Index{listed.columns[e]});
  }
}

void UnitUse::add(const UnitUse& other) {
  if (empty()) counts_.resize(other.counts_.size());
  require(counts_.size() == other.counts_.size(), "counts of another code");
  for (std::size_t j = 0; j < counts_.size(); ++j) counts_[j] += other.counts_[j];
}

void UnitUse::pack(std::span<std::int64_t> words) const {
  require(words.size() == word_count(units()), "words of another code");
  for (std::size_t w = 0; w < words.size(); ++w) {
    const std::int64_t second = 2 * w + 1 < counts_.size() ? counts_[2 * w + 1] : 0;
    words[w] = counts_[2 * w] + second * (std::int64_t{1} << 32);
  }
}

void UnitUse::unpack(std::span<const std::int64_t> words) {
  require(words.size() == word_count(units()), "words of another code");
  for (std::size_t j = 0; j < counts_.size(); ++j) {
    const std::int64_t word = words[j / 2];
    counts_[j] = j % 2 == 0 ? word & 0xffffffff : word >> 32;
  }
}

double mean_active_units(std::span<const std::int64_t> counts, Index samples) {
  double sum = 0;
  for (const std::int64_t count : counts) sum += static_cast<double>(count);
  return sum / static_cast<double>(samples);
}

std::vector<std::int64_t> use_histogram(std::span<const std::int64_t> counts, Index samples) {
  std::vector<std::int64_t> bins(use_bins);
  for (const std::int64_t count : counts) {
    // By whole numbers: a share of exactly 1/10^e is not below it.
    std::size_t bin = 0;
    if (count > 0) {
      bin = use_bins - 1;
      for (std::int64_t tenfold = 10;
           bin > 1 &&
           static_cast<double>(count) * static_cast<double>(tenfold) < static_cast<double>(samples);
           tenfold *= 10)
        --bin;
    }
    ++bins[bin];
  }
  return bins;
}

std::string_view use_bin_name(std::size_t bin) {
  static constexpr std::array<std::string_view, use_bins> names = {
      "never", "< 1e-6", "< 1e-5", "< 1e-4", "< 1e-3", "< 0.01", "< 0.1", "0.1 and more"};
  return names[bin];
}

}  // namespace hourglass
