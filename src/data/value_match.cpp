#include "data/value_match.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/element.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Values of a data set that the training had not: beyond its largest by this factor, or smaller
// than it by this factor.
constexpr double far = 10;
// An image uses more than the lower half of its range.
constexpr double half = 0.5;
// Distance of x times 255 or 65535 from a whole number, of x in single precision.
constexpr double step_tolerance = 0.02;

std::string interval(const ValueRange& range) {
  return fmt::format("{:g} to {:g}", range.lowest, range.highest);
}

[[noreturn]] void refuse(const GivenData& given, const ValueRange& range,
                         const DataIdentity& trained, double factor) {
  const std::string by =
      factor == 0 ? fmt::format("{} F to multiply them by F", given.scale_option)
                  : fmt::format("{} {:.9g} to multiply them by that", given.scale_option, factor);
  throw Error(
      ErrorKind::data,
      fmt::format("{}: its values, {}, are not those that the model was trained on ({}, {}); "
                  "give {}, or {} 1 to take them as they are",
                  given.name, interval(range), name_of(trained.type), interval(trained.range), by,
                  given.scale_option));
}

/// The number that stands for 1 in images of whole numbers; 0 where there is none.
double full_scale(ElementType type, const ValueRange& range) {
  if (!range.whole || range.lowest < 0) return 0;
  if (type == ElementType::u8 || type == ElementType::u16) return unit_divisor(type);
  if (range.highest > 255 * half && range.highest <= 255) return 255;
  if (range.highest > 65535 * half && range.highest <= 65535) return 65535;
  return 0;
}

bool keeps_steps(const ValueRange& range, double scale) {
  return (scale == 255 ? range.off_steps_of_255 : range.off_steps_of_65535) <= step_tolerance;
}

bool is_fraction(const ValueRange& range) { return range.within(0, 1) && !range.whole; }

bool is_narrow(ElementType type) { return type == ElementType::u8 || type == ElementType::u16; }

/// Fractions of 1 for whole numbers of the training.
ValueMatch match_fractions(const DataIdentity& trained, const ValueRange& range,
                           const GivenData& given) {
  const double scale = full_scale(trained.type, trained.range);
  const bool full = trained.range.highest > scale * half;
  if (scale == 0 || !(keeps_steps(range, scale) || (scale == 255 && full)))
    refuse(given, range, trained, scale == 0 ? trained.range.highest : scale);
  return {scale, 1,
          fmt::format("{}: its values, {}, are those of the training divided by {}: read as such",
                      given.name, interval(range), scale)};
}

/// Whole numbers for fractions of 1 in the training.
ValueMatch match_whole_numbers(const DataIdentity& trained, ElementType type,
                               const ValueRange& range, const GivenData& given) {
  const double scale = full_scale(type, range);
  if (scale == 0 || !is_narrow(type) || range.highest <= scale * half)
    refuse(given, range, trained, 1 / (scale == 0 ? range.highest : scale));
  return {1, scale,
          fmt::format("{}: its values, {}, are divided by {}, like those of the training",
                      given.name, interval(range), scale)};
}

bool is_image(const DataIdentity& trained) { return trained.sample_shape.size() >= 2; }

bool fits(ElementType type, const ValueRange& range) {
  return with_element(type, [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T>) {
      return range.within(static_cast<double>(std::numeric_limits<T>::min()),
                          static_cast<double>(std::numeric_limits<T>::max()));
    } else {
      return true;
    }
  });
}

}  // namespace

bool needs_every_value(const DataIdentity& trained, ElementType type, const ValueRange& some) {
  return !is_integer(type) && trained.range.known() && trained.range.whole &&
         trained.range.highest > 1 && is_fraction(some);
}

ValueMatch match_values(const DataIdentity& trained, ElementType type, const ValueRange& range,
                        const GivenData& given) {
  const ValueRange& training = trained.range;
  if (!training.known() || !range.known() || training.magnitude() == 0) return {};
  const bool was_whole = training.whole && training.highest > 1;
  const bool was_fraction = is_fraction(training) && training.highest > half;
  if (!is_integer(type) && was_whole && is_fraction(range))
    return match_fractions(trained, range, given);
  if (was_fraction && range.whole && range.highest >= 2 && range.lowest >= 0 &&
      (is_integer(type) || range.magnitude() > far)) {
    return match_whole_numbers(trained, type, range, given);
  }
  if (was_fraction && is_image(trained) && !range.within(-half, 1 + half))
    refuse(given, range, trained, 0);
  const double ratio = range.magnitude() / training.magnitude();
  if (is_integer(trained.type) && !is_integer(type)) {
    const bool small = !range.whole && ratio < 1 / far;
    if (small || !fits(trained.type, range)) refuse(given, range, trained, 0);
  }
  if (is_integer(type) && type != trained.type && ratio > far) refuse(given, range, trained, 0);
  const bool both_images = is_narrow(type) && is_narrow(trained.type) && type != trained.type;
  if (both_images && range.highest > unit_divisor(type) * half &&
      training.highest > unit_divisor(trained.type) * half) {
    refuse(given, range, trained, unit_divisor(trained.type) / unit_divisor(type));
  }
  if (ratio <= far) return {};
  return {1, 1,
          fmt::format("{}: its values, {}, go far beyond those of the training, {}; if their units "
                      "differ, give {}",
                      given.name, interval(range), interval(training), given.scale_option)};
}

void match_units(const std::string& trained, const std::string& units, const GivenData& given) {
  if (trained.empty() || units.empty() || trained == units) return;
  throw Error(ErrorKind::data,
              fmt::format("{}: its units are {}, but the model was trained on {}; give {} F, by "
                          "which its values become {}, or convert them",
                          given.name, units, trained, given.scale_option, trained));
}

InputTransform matched_transform(InputTransform transform, const ValueMatch& match) {
  transform.divisor = transform.divisor / match.multiply * match.divide;
  return transform;
}

}  // namespace hourglass
