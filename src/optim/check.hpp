#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hourglass {

/// Range checks of settings. Each throws Error(usage) that names the option as on the command line,
/// its value and what is allowed.
void check_not_negative(std::string_view option, double value);
void check_positive(std::string_view option, double value);
/// At least 0 and below 1: the coefficient of a running mean.
void check_coefficient(std::string_view option, double value);
/// Positive also as a float, as a division in single precision needs.
void check_positive_float(std::string_view option, double value);

/// Throws Error(usage): `value` is not one of the option's `choices`.
[[noreturn]] void throw_unknown_choice(std::string_view option, std::string_view value,
                                       std::span<const std::string> choices);

}  // namespace hourglass
