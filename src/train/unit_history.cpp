#include "train/unit_history.hpp"

#include <algorithm>

namespace hourglass {

namespace {

constexpr const char* unused_path = "/position/samples_since_use";
// Behind the uses stands the number of samples.
constexpr const char* epoch_path = "/position/epoch_unit_use";

// Doubles hold whole numbers up to 2^53 exactly.
std::vector<std::int64_t> integers_at(const StateHeader& header, const char* path) {
  const auto found = header.doubles.find(path);
  if (found == header.doubles.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace

void UnitHistory::count(const UnitUse& use, Index samples) {
  const auto counts = use.counts();
  if (unused_.size() != counts.size()) unused_.assign(counts.size(), 0);
  if (epoch_use_.size() != counts.size()) {
    epoch_use_.assign(counts.size(), 0);
    epoch_samples_ = 0;
  }
  for (std::size_t j = 0; j < counts.size(); ++j) {
    unused_[j] = counts[j] > 0 ? 0 : unused_[j] + samples;
    epoch_use_[j] += counts[j];
  }
  epoch_samples_ += samples;
}

void UnitHistory::finish_epoch() {
  epoch_use_.clear();
  epoch_samples_ = 0;
}

Index UnitHistory::count_dead(Index samples) const {
  return std::ranges::count_if(unused_, [&](std::int64_t unused) { return unused >= samples; });
}

std::span<const std::int32_t> UnitHistory::find_dead(Index samples) {
  dead_.clear();
  for (std::size_t j = 0; j < unused_.size(); ++j) {
    if (unused_[j] >= samples) dead_.push_back(static_cast<std::int32_t>(j));
  }
  return dead_;
}

void UnitHistory::store(StateHeader& header) const {
  if (empty()) return;
  header.doubles[unused_path] = {unused_.begin(), unused_.end()};
  if (epoch_use_.empty()) return;
  std::vector<double>& use = header.doubles[epoch_path];
  use = {epoch_use_.begin(), epoch_use_.end()};
  use.push_back(static_cast<double>(epoch_samples_));
}

void UnitHistory::load(const StateHeader& header) {
  unused_ = integers_at(header, unused_path);
  epoch_use_ = integers_at(header, epoch_path);
  epoch_samples_ = 0;
  if (epoch_use_.empty()) return;
  epoch_samples_ = epoch_use_.back();
  epoch_use_.pop_back();
}

}  // namespace hourglass
