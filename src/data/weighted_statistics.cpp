#include "data/weighted_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "core/buffer.hpp"
#include "core/element.hpp"
#include "data/finite_rows.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Of some rows: the sum of weights, then each feature's mean, then the weighted sums of squared
// distances from it.
using Moments = std::vector<double>;

Index part_count(const DatasetInfo& info) {
  const Index bytes = (1 + 2 * info.features()) * static_cast<Index>(sizeof(double));
  return std::min(info.rows(), std::clamp<Index>((Index{64} << 20) / bytes, 4, 256));
}

template <class T>
void add_rows(const std::byte* stored, std::span<const float> weights, std::size_t features,
              Moments& moments) {
  double* const mean = moments.data() + 1;
  double* const squares = mean + features;
  for (const float row_weight : weights) {
    const auto weight = static_cast<double>(row_weight);
    if (weight > 0) {
      moments[0] += weight;
      const double share = weight / moments[0];
      for (std::size_t c = 0; c < features; ++c) {
        const auto value = static_cast<double>(load_element<T>(stored, c));
        const double distance = value - mean[c];
        mean[c] += share * distance;
        squares[c] += weight * distance * (value - mean[c]);
      }
    }
    stored += features * sizeof(T);
  }
}

Moments measure(const DatasetReader& reader, Range part, std::span<const float> weights) {
  const DatasetInfo& info = reader.info();
  const auto features = static_cast<std::size_t>(info.features());
  Moments moments(1 + 2 * features);
  const Index most = std::min(rows_a_read(info), std::max<Index>(1, part.size()));
  Buffer<std::byte> stored(most * info.row_bytes());
  for (Index begin = part.begin; begin < part.end; begin += most) {
    const Range rows{begin, std::min(part.end, begin + most)};
    read_finite_rows(reader, rows,
                     stored.span().first(static_cast<std::size_t>(rows.size() * info.row_bytes())));
    with_element(info.type, [&]<class T>(std::type_identity<T>) {
      add_rows<T>(stored.data(),
                  weights.subspan(static_cast<std::size_t>(rows.begin),
                                  static_cast<std::size_t>(rows.size())),
                  features, moments);
    });
  }
  return moments;
}

void merge(const double* part, std::size_t features, Moments& total) {
  if (part[0] == 0) return;
  const double sum = total[0] + part[0];
  const double share = part[0] / sum;
  const double weight = total[0] * share;
  for (std::size_t c = 1; c <= features; ++c) {
    const double distance = part[c] - total[c];
    total[c] += distance * share;
    total[features + c] += part[features + c] + distance * distance * weight;
  }
  total[0] = sum;
}

}  // namespace

FeatureStatistics weighted_statistics(const Communicator& communicator, const DatasetReader& reader,
                                      std::span<const float> weights) {
  const DatasetInfo& info = reader.info();
  require(static_cast<Index>(weights.size()) == info.rows(), "a weight for each row");
  const auto features = static_cast<std::size_t>(info.features());
  const Index parts = part_count(info);
  std::string mine;
  collectively(communicator, [&] {
    const Range own = even_part(parts, communicator.size(), communicator.rank());
    for (Index part = own.begin; part < own.end; ++part) {
      const Moments moments = measure(reader, even_part(info.rows(), parts, part), weights);
      mine.append(reinterpret_cast<const char*>(moments.data()), moments.size() * sizeof(double));
    }
  });
  Moments total(1 + 2 * features);
  Moments part(total.size());
  for (const std::string& text : communicator.all_gather(mine)) {
    for (std::size_t at = 0; at < text.size(); at += part.size() * sizeof(double)) {
      std::memcpy(part.data(), text.data() + at, part.size() * sizeof(double));
      merge(part.data(), features, total);
    }
  }
  FeatureStatistics result{{total.begin() + 1, total.begin() + 1 + static_cast<Index>(features)},
                           std::vector<double>(features)};
  for (std::size_t c = 0; c < features; ++c)
    result.deviation[c] = std::sqrt(total[1 + features + c] / total[0]);
  return result;
}

}  // namespace hourglass
