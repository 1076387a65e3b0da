#include "data/feature_advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/counted.hpp"

namespace hourglass {

namespace {

constexpr double far = most_deviations;
constexpr std::size_t most_named = 5;

// "feature 3", "features 3, 7", "features 0, 1, 2, 3, 4 and 62 more".
std::string named(const std::vector<Index>& features) {
  const auto shown = static_cast<std::ptrdiff_t>(std::min(features.size(), most_named));
  std::string text = fmt::format("feature{} {}", features.size() == 1 ? "" : "s",
                                 fmt::join(features.begin(), features.begin() + shown, ", "));
  if (features.size() > most_named)
    text += fmt::format(" and {} more", features.size() - most_named);
  return text;
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

struct Outlier {
  double value = 0;
  std::size_t count = 0;  // how often it occurs in the sample
  double median = 0;      // of the others
  double distance = 0;    // their median distance from it
};

// The value of largest magnitude, if it is far from the others.
std::optional<Outlier> find_outlier(std::vector<double> values) {
  constexpr std::size_t fewest = 3;
  std::erase_if(values, [](double x) { return std::isnan(x); });
  if (values.empty()) return std::nullopt;
  Outlier outlier;
  outlier.value = *std::ranges::max_element(values, {}, [](double x) { return std::fabs(x); });
  const std::size_t all = values.size();
  std::erase(values, outlier.value);
  outlier.count = all - values.size();
  if (values.size() < fewest) return std::nullopt;
  outlier.median = median(values);
  for (double& value : values) value = std::fabs(value - outlier.median);
  std::erase(values, 0.0);
  if (values.size() < fewest) return std::nullopt;
  outlier.distance = median(values);
  if (std::fabs(outlier.value - outlier.median) <= far * outlier.distance) return std::nullopt;
  return outlier;
}

}  // namespace

std::optional<std::string> constant_feature_advice(const FeatureStatistics& statistics) {
  const double largest = std::ranges::max(statistics.deviation);
  std::vector<Index> constant;
  std::vector<Index> little;
  for (std::size_t c = 0; c < statistics.mean.size(); ++c) {
    const double deviation = statistics.deviation[c];
    if (!statistics.count.empty() && statistics.count[c] == 0) continue;  // no value at all
    if (!counts_as_constant(statistics.mean[c], deviation, largest)) continue;
    (deviation == 0 ? constant : little).push_back(static_cast<Index>(c));
  }
  if (constant.empty() && little.empty()) return std::nullopt;
  std::string text = "advice: --normalize standardize makes ";
  if (!constant.empty()) {
    text += named(constant) + " 0 in all samples: constant, the first at " +
            fmt::format("{:g}", statistics.mean[static_cast<std::size_t>(constant.front())]);
  }
  if (!little.empty()) {
    text += fmt::format(
        "{}{} nearly 0: a deviation of {:.3g} counts as rounding errors of a constant beside one "
        "of "
        "{:.3g}; a measurement in so large a unit needs another unit",
        constant.empty() ? "" : "; and ", named(little),
        statistics.deviation[static_cast<std::size_t>(little.front())], largest);
  }
  return text;
}

std::optional<std::string> fill_value_advice(const DatasetReader& reader, const RowSample& sample,
                                             const std::vector<double>& missing) {
  // As the data set holds them.
  const bool single = reader.info().type == ElementType::f32;
  const auto stored = [&](double x) {
    return single ? static_cast<double>(static_cast<float>(x)) : x;
  };
  std::vector<Index> found;
  Outlier first;
  for (Index c = 0; c < reader.info().features(); ++c) {
    std::vector<double> values = sample.feature(c);
    for (const double value : missing) std::erase(values, stored(value));
    const auto outlier = find_outlier(std::move(values));
    if (!outlier) continue;
    if (found.empty()) first = *outlier;
    found.push_back(c);
  }
  if (found.empty()) return std::nullopt;
  const std::string value =
      single ? fmt::format("{}", static_cast<float>(first.value)) : fmt::format("{}", first.value);
  return fmt::format(
             "advice: {} of {}: {} in {} of {} rows looked at, where others lie about "
             "{:.3g} from {:.3g}: ",
             named(found), to_string(reader.info().address), value, first.count, sample.rows(),
             first.distance, first.median) +
         fmt::format(
             "it looks like a fill value, which no attribute declares: use --missing mask "
             "--missing-value {}",
             value);
}

std::optional<std::string> unfamiliar_feature_advice(const DatasetReader& reader,
                                                     const RowSample& sample,
                                                     const InputTransform& transform,
                                                     const FeatureStatistics* training) {
  if (transform.mean.empty()) return std::nullopt;
  const DatasetInfo& info = reader.info();
  const bool known = training != nullptr && !training->mean.empty();
  const double largest = known ? std::ranges::max(training->deviation) : 0;
  std::vector<Index> new_values;
  std::vector<Index> cut;
  double example = 0;
  for (Index c = 0; c < info.features(); ++c) {
    const auto i = static_cast<std::size_t>(c);
    const double mean = known                          ? training->mean[i]
                        : transform.exact_mean.empty() ? static_cast<double>(transform.mean[i])
                                                       : transform.exact_mean[i];
    const bool constant = known && counts_as_constant(mean, training->deviation[i], largest);
    const double inverse = static_cast<double>(transform.inverse_deviation[i]);
    double farthest = 0;
    double value = 0;
    for (const double x : sample.feature(c)) {
      const double distance = std::fabs(x / transform.divisor - mean) * inverse;
      if (!(distance > farthest)) continue;  // NaN: missing
      farthest = distance;
      value = x;
    }
    // What single precision makes of a constant is no other value.
    const bool differs = farthest > 1e-3 * std::max(1.0, std::fabs(mean) * inverse);
    if (farthest > far) {
      if (cut.empty() && new_values.empty()) example = value;
      cut.push_back(c);
    } else if (constant && differs) {
      if (cut.empty() && new_values.empty()) example = value;
      new_values.push_back(c);
    }
  }
  if (new_values.empty() && cut.empty()) return std::nullopt;
  std::string text = fmt::format("advice: {}: ", to_string(info.address));
  if (!new_values.empty()) {
    text += named(new_values) + " varied too little in the training data to be scaled, but " +
            (new_values.size() == 1 ? "does" : "do") + " here";
  }
  if (!cut.empty()) {
    text += fmt::format("{}{} beyond {:g} deviations of the training data, to which {} cut",
                        new_values.empty() ? "" : "; ",
                        named(cut) + (cut.size() == 1 ? " lies" : " lie"), far,
                        cut.size() == 1 ? "it is" : "they are");
  }
  return text + fmt::format(" (such as {:g})", example);
}

}  // namespace hourglass
