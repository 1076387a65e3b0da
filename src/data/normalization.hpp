#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/missing.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// How stored numbers become network inputs.
enum class Normalize {
  automatic,  ///< unit for integer types, none for floating types
  none,       ///< the value itself
  unit,  ///< integers divided by their type's maximum: [0, 1] (about [-1, 1] for signed types);
         ///< floating types as they are
  standardize,  ///< (x - mean) / deviation, per feature over the training data; the deviation of a
                ///< feature that counts as constant (data/statistics.hpp) is 1
  unit_mean_square,  ///< one factor for all features, after which the squares of the distances from
                     ///< the features' means average 1 over the training data
};

/// Names as in the configuration: "auto", "none", "unit", "standardize", "unit-mean-square".
[[nodiscard]] std::string_view name_of(Normalize normalize);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Normalize normalize_from(std::string_view name);
[[nodiscard]] std::vector<std::string> normalize_names();

/// The conversion that `automatic` selects for this type; the others stand for themselves.
[[nodiscard]] Normalize resolve(Normalize normalize, ElementType type);
/// The largest value of an integer type (255 for u8), as a double; 1 for floating types.
[[nodiscard]] double unit_divisor(ElementType type);

/// Standardized values are cut to this many deviations on either side. The training data never
/// reach it (n samples lie within sqrt(n) deviations of their mean); what comes later may: a
/// feature that hardly varied in training, or a fill value.
constexpr float most_deviations = 1e6F;

/// What counts as missing in stored samples, and what becomes of it. NaN always counts; infinity
/// never does.
struct MissingValues {
  Missing treatment = Missing::refuse;
  std::vector<double> values;  ///< stored numbers that stand for missing ones
  std::vector<float> means;    ///< Missing::mean: of each feature, as normalised; empty: all 0
};

/// The resolved conversion: x -> (value / divisor - mean[c]) * inverse_deviation[c], cut to
/// +-most_deviations; empty mean: only the division.
struct InputTransform {
  double divisor = 1;
  std::vector<float> mean;
  std::vector<float> inverse_deviation;
  /// The mean in double, which is subtracted in double; empty where `mean` is good enough. A clock
  /// of seconds since 1970 needs it: single precision knows 1.7e9 to the next 128.
  std::vector<double> exact_mean = {};
  MissingValues missing = {};
  bool counts = false;  ///< samples must be counts: whole numbers of at least 0
};

/// Converts one row of `type` elements to floats. Same arithmetic for every element (true division,
/// so 255/255 is exactly 1): in single precision when it holds every value of the type (8 and 16
/// bit integers, f32) and there is no exact mean, in double with one final rounding otherwise.
/// `stored` holds row.size() elements and needs no alignment; mean and inverse_deviation are empty
/// or row.size() long. A missing element becomes its feature's mean (Missing::mean) or NaN.
void convert_row(ElementType type, const std::byte* stored, const InputTransform& transform,
                 std::span<float> row);

/// Index of the first NaN or infinity in rows of floating type, or -1. Integers have none. A double
/// beyond the range of single precision counts as infinite: it would become so in convert_row.
[[nodiscard]] Index first_non_finite(ElementType type, std::span<const std::byte> stored);

}  // namespace hourglass
