#include "config/penalty_schedules.hpp"

#include <algorithm>
#include <cmath>

#include "config/setting_rows.hpp"

namespace hourglass {

namespace {

constexpr const char* wanted_warmup = "a number with a unit: 10epochs or 2000steps";

}  // namespace

WeightRamp weight_ramp(const Interval& warmup, Index cycles, Index steps_per_epoch) {
  const double steps = warmup.unit == Interval::Unit::epochs
                           ? warmup.count * static_cast<double>(steps_per_epoch)
                           : warmup.count;
  // Beyond 2^62 a count of steps is as good as never, and still fits.
  return {std::llround(std::min(steps, 0x1p62)), cycles};
}

Index annealed_k(Index k_start, Index k, double factor) {
  return k_start + std::llround(factor * static_cast<double>(k - k_start));
}

Interval parse_warmup(const std::string& name, const std::string& text) {
  if (text == "0") return {0, Interval::Unit::epochs};
  if (text.find_first_not_of("0123456789.") == std::string::npos)
    bad_value(name, text, wanted_warmup);
  const Interval warmup = parse_interval(name, text);
  if (warmup.unit == Interval::Unit::seconds) bad_value(name, text, wanted_warmup);
  return warmup;
}

std::string format_warmup(const Interval& warmup) {
  return warmup.count == 0 ? "0" : format_interval(warmup);
}

}  // namespace hourglass
