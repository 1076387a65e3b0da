#include "optim/check.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

void check(bool valid, std::string_view option, double value, std::string_view allowed) {
  if (!valid)
    throw Error(ErrorKind::usage, fmt::format("{} is {}; it must be {}", option, value, allowed));
}

}  // namespace

void check_not_negative(std::string_view option, double value) {
  check(std::isfinite(value) && value >= 0, option, value, "0 or a positive number");
}

void check_positive(std::string_view option, double value) {
  check(std::isfinite(value) && value > 0, option, value, "a positive number");
}

void check_coefficient(std::string_view option, double value) {
  check(value >= 0 && value < 1, option, value, "at least 0 and below 1");
}

void check_positive_float(std::string_view option, double value) {
  using Float = std::numeric_limits<float>;
  check(value >= static_cast<double>(Float::min()) && value <= static_cast<double>(Float::max()),
        option, value,
        fmt::format("a positive number of single precision, at least {:.2g}", Float::min()));
}

void throw_unknown_choice(std::string_view option, std::string_view value,
                          std::span<const std::string> choices) {
  std::string message = fmt::format("{}: there is no '{}'; choose one of", option, value);
  const char* separator = " ";
  for (const std::string& choice : choices) {
    message.append(separator).append(choice);
    separator = ", ";
  }
  throw Error(ErrorKind::usage, message);
}

}  // namespace hourglass
