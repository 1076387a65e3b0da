#include "run/sweep_plan.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <set>

#include "core/random.hpp"
#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr Index most_trials = 1'000'000;

// "name=rest" into the two.
SweepAxis named(const std::string& text, std::string_view option, std::string& rest) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error(ErrorKind::usage,
                fmt::format("--{} is '{}', but NAME=... is expected", option, text));
  }
  SweepAxis axis;
  axis.text = text;
  axis.name = text.substr(0, equals);
  rest = text.substr(equals + 1);
  return axis;
}

double bound(const std::string& text, const std::string& whole) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    throw Error(ErrorKind::usage, fmt::format("--range {}: '{}' is not a number", whole, text));
  }
  return value;
}

// Uniform in [0, 1) with 53 bits: a function of (seed, trial, axis).
double uniform(std::uint64_t seed, Index trial, std::size_t axis) {
  const auto words =
      CounterRandom(seed, Purpose::sweep)
          .bits(static_cast<std::uint64_t>(trial), 0, static_cast<std::uint32_t>(axis));
  return static_cast<double>((static_cast<std::uint64_t>(words[0]) << 32 | words[1]) >> 11) *
         0x1p-53;
}

std::string draw(const SweepAxis& axis, double u) {
  switch (axis.kind) {
    case SweepAxis::Kind::values:
      return axis.values[static_cast<std::size_t>(u * static_cast<double>(axis.values.size()))];
    case SweepAxis::Kind::linear:
      return fmt::format("{:.4g}", axis.low + (axis.high - axis.low) * u);
    case SweepAxis::Kind::logarithmic:
      return fmt::format("{:.4g}", axis.low * std::pow(axis.high / axis.low, u));
    case SweepAxis::Kind::integer:
      return fmt::format("{}",
                         static_cast<Index>(axis.low + std::floor((axis.high - axis.low + 1) * u)));
  }
  return {};
}

}  // namespace

SweepAxis SweepAxis::from_values(const std::string& text) {
  std::string rest;
  SweepAxis axis = named(text, "set", rest);
  for (std::string& value : split_list(rest, rest.find(' ') == std::string::npos ? ',' : ' ')) {
    if (!value.empty()) axis.values.push_back(std::move(value));
  }
  if (axis.values.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("--set {}: no value; give them as {}=a,b,c", text, axis.name));
  }
  return axis;
}

SweepAxis SweepAxis::from_range(const std::string& text) {
  std::string rest;
  SweepAxis axis = named(text, "range", rest);
  const auto parts = split_list(rest, ':');
  if (parts.size() != 3) {
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "--range {}: NAME=log:LOW:HIGH, linear:LOW:HIGH or integer:LOW:HIGH is expected",
            text));
  }
  axis.low = bound(parts[1], text);
  axis.high = bound(parts[2], text);
  if (axis.low > axis.high)
    throw Error(ErrorKind::usage,
                fmt::format("--range {}: the lower bound is above the upper bound", text));
  if (parts[0] == "log") {
    axis.kind = Kind::logarithmic;
    if (axis.low <= 0)
      throw Error(
          ErrorKind::usage,
          fmt::format("--range {}: the bounds of a logarithmic range must be above 0", text));
  } else if (parts[0] == "linear") {
    axis.kind = Kind::linear;
  } else if (parts[0] == "integer") {
    axis.kind = Kind::integer;
    const bool exact = std::fabs(axis.low) < 1e15 && std::fabs(axis.high) < 1e15;
    if (!exact || axis.low != std::floor(axis.low) || axis.high != std::floor(axis.high)) {
      throw Error(ErrorKind::usage,
                  fmt::format("--range {}: the bounds must be whole numbers", text));
    }
  } else {
    throw Error(ErrorKind::usage,
                fmt::format("--range {}: '{}' is not log, linear or integer", text, parts[0]));
  }
  return axis;
}

Index SweepPlan::trials() const {
  if (random > 0) return random;
  Index count = 1;
  for (const SweepAxis& axis : axes) {
    count *= static_cast<Index>(axis.values.size());
    if (count > most_trials) return most_trials + 1;
  }
  return count;
}

std::vector<std::string> SweepPlan::values(Index trial) const {
  std::vector<std::string> result(axes.size());
  Index rest = trial;
  for (std::size_t a = axes.size(); a-- > 0;) {
    const SweepAxis& axis = axes[a];
    if (random > 0) {
      result[a] = draw(axis, uniform(seed, trial, a));
    } else {
      const auto size = static_cast<Index>(axis.values.size());
      result[a] = axis.values[static_cast<std::size_t>(rest % size)];
      rest /= size;
    }
  }
  return result;
}

void check_plan(const SweepPlan& plan) {
  if (plan.axes.empty())
    throw Error(ErrorKind::usage,
                "nothing to vary: give --set NAME=a,b,c, or --random N --range NAME=log:LOW:HIGH");
  std::set<std::string> names;
  for (const SweepAxis& axis : plan.axes) {
    if (!names.insert(axis.name).second)
      throw Error(ErrorKind::usage, fmt::format("{} is varied twice", axis.name));
    if (plan.random == 0 && axis.kind != SweepAxis::Kind::values) {
      throw Error(
          ErrorKind::usage,
          fmt::format("--range {} needs --random N: a range has no finite set of values for a grid",
                      axis.text));
    }
  }
  if (plan.trials() > most_trials) {
    throw Error(ErrorKind::usage,
                fmt::format("the sweep has more than {} trials: use --random N", most_trials));
  }
}

}  // namespace hourglass
