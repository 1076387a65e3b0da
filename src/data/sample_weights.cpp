#include "data/sample_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/buffer.hpp"
#include "core/element.hpp"
#include "data/finite_rows.hpp"
#include "data/row_companions.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

void check_weight(double weight, const std::string& where) {
  if (std::isfinite(weight) && weight >= 0) return;
  throw Error(
      ErrorKind::data,
      fmt::format("{} holds {}, but a sample's weight is a number of at least 0", where, weight));
}

}  // namespace

std::vector<float> read_sample_weights(const std::string& address, const DatasetInfo& samples) {
  const DatasetReader reader(companion_of_rows(address, samples, "weight"));
  const DatasetInfo& info = reader.info();
  const Index columns = info.features();
  if (columns != std::max<Index>(1, samples.address.options.views.window)) {
    throw Error(ErrorKind::data, fmt::format("{}: --sample-weights needs one number for each row",
                                             to_string(info.address)));
  }
  std::vector<double> weights;
  weights.reserve(static_cast<std::size_t>(info.rows()));
  double sum = 0;
  const Index most = rows_a_read(info);
  Buffer<std::byte> stored(std::min(most, info.rows()) * info.row_bytes());
  for (Index begin = 0; begin < info.rows(); begin += most) {
    const Range rows{begin, std::min(info.rows(), begin + most)};
    reader.read_rows(rows,
                     stored.span().first(static_cast<std::size_t>(rows.size() * info.row_bytes())));
    with_element(info.type, [&]<class T>(std::type_identity<T>) {
      std::size_t place = 0;
      for (Index row = rows.begin; row < rows.end; ++row) {
        double weight = 0;
        for (Index c = 0; c < columns; ++c) {
          const auto value = static_cast<double>(load_element<T>(stored.data(), place++));
          check_weight(value, reader.place(row, c).row);
          weight += value;
        }
        weights.push_back(weight / static_cast<double>(columns));
        sum += weights.back();
      }
    });
  }
  if (!(sum > 0) || !std::isfinite(sum)) {
    throw Error(ErrorKind::data,
                fmt::format("{}: the weights of {} samples add up to {}; give at least one sample "
                            "a weight above 0",
                            to_string(info.address), info.rows(), sum));
  }
  std::vector<float> result;
  result.reserve(weights.size());
  for (const double weight : weights)
    result.push_back(static_cast<float>(weight * static_cast<double>(info.rows()) / sum));
  return result;
}

}  // namespace hourglass
