#include "run/feature_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "core/buffer.hpp"
#include "core/channel_order.hpp"
#include "data/finite_rows.hpp"
#include "data/statistics.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr const char* weights_path = "/model/loss/feature_weights";
constexpr const char* by_variance = "inverse-variance";

// In the network's order; the file has the order of the samples, channels first if theirs are.
std::vector<float> read_weights(const DatasetAddress& address, Index features, Index leading) {
  const DatasetReader reader(address);
  const DatasetInfo& info = reader.info();
  const Index count = info.rows() * info.features();
  if (count != features) {
    throw Error(ErrorKind::data,
                fmt::format("{}: holds {} numbers, but --feature-weights needs one per feature, {}",
                            to_string(info.address), count, features));
  }
  Buffer<std::byte> stored(info.rows() * info.row_bytes());
  read_finite_rows(reader, {0, info.rows()}, stored.span());
  std::vector<float> weights(static_cast<std::size_t>(features));
  convert_row(info.type, stored.data(), {}, weights);
  if (leading > 1) {
    const std::vector<float> channels_first = weights;
    to_channels_last({leading, features / leading, size_of(ElementType::f32)},
                     std::as_bytes(std::span(channels_first)),
                     std::as_writable_bytes(std::span(weights)));
  }
  return weights;
}

std::vector<float> inverse_variances(const Communicator& communicator, const DatasetReader& data,
                                     const MissingValues& missing) {
  const FeatureStatistics statistics = feature_statistics(communicator, data, missing);
  std::vector<double> weights;
  for (const double deviation : statistics.deviation) weights.push_back(deviation * deviation);
  const auto count = static_cast<double>(weights.size());
  const double mean = std::accumulate(weights.begin(), weights.end(), 0.0) / count;
  if (mean == 0) return std::vector<float>(weights.size(), 1.0F);
  for (double& weight : weights) weight = 1 / (weight + mean / 100);
  const double scale = count / std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<float> result;
  for (const double weight : weights) result.push_back(static_cast<float>(weight * scale));
  return result;
}

}  // namespace

TrainConfig with_feature_weights(const Communicator& communicator, TrainConfig config,
                                 const DatasetReader& data) {
  const std::string& source = config.feature_weights;
  if (source.empty()) return config;
  if (source == by_variance) {
    if (config.normalize == Normalize::standardize) {
      throw Error(ErrorKind::usage,
                  "--feature-weights inverse-variance has no effect with --normalize standardize: "
                  "leave out one of them",
                  Reach::everywhere);
    }
    config.model.feature_weights = inverse_variances(communicator, data, missing_values(config));
  } else {
    collectively(communicator, [&] {
      DatasetAddress address = parse_address(source);
      address.options = config.reading;
      config.model.feature_weights =
          read_weights(address, data.info().features(), data.info().leading_channels);
    });
  }
  return config;
}

void store_feature_weights(const std::vector<float>& weights, StateHeader& header) {
  if (!weights.empty()) header.doubles[weights_path] = {weights.begin(), weights.end()};
}

std::vector<float> load_feature_weights(const StateHeader& header) {
  const auto found = header.doubles.find(weights_path);
  if (found == header.doubles.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace hourglass
