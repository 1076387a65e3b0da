#include "data/row_correlation.hpp"

#include <vector>

#include "hourglass/core/owned_matrix.hpp"

namespace hourglass {

namespace {

constexpr double alike = 0.5;
constexpr std::size_t fewest_blocks = 8;
constexpr Index fewest_rows = 64;

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t c = 0; c < a.size(); ++c) {
    const double difference = static_cast<double>(a[c]) - static_cast<double>(b[c]);
    sum += difference * difference;
  }
  return sum;
}

/// The sample as network inputs, with the place of each block's first row in it.
struct Inputs {
  OwnedMatrix x;
  std::vector<Index> first;
};

Inputs convert(const DatasetInfo& info, const RowSample& sample, const InputTransform& transform) {
  Inputs inputs{OwnedMatrix(sample.rows(), info.features()), {}};
  for (Index i = 0; i < sample.rows(); ++i)
    convert_row(info.type, sample.stored(i), transform, inputs.x.view().row(i));
  Index place = 0;
  for (const Range& block : sample.blocks()) {
    inputs.first.push_back(place);
    place += block.size();
  }
  return inputs;
}

/// A mean of squared distances.
struct Mean {
  double sum = 0;
  Index count = 0;
  void add(double value) {
    sum += value;
    ++count;
  }
  [[nodiscard]] double value() const { return count > 0 ? sum / static_cast<double>(count) : 0; }
};

// Of the same row of blocks half the data set apart, and a fifth.
double far_distance(const Inputs& inputs, const RowSample& sample) {
  Mean mean;
  const std::size_t blocks = inputs.first.size();
  for (std::size_t b = 0; b < blocks; ++b) {
    for (const std::size_t step : {blocks / 2, blocks / 5 + 1}) {
      const std::size_t other = (b + step) % blocks;
      const Index rows = std::min(sample.blocks()[b].size(), sample.blocks()[other].size());
      for (Index i = 0; i < rows; ++i)
        mean.add(squared_distance(inputs.x.view().row(inputs.first[b] + i),
                                  inputs.x.view().row(inputs.first[other] + i)));
    }
  }
  return mean.value();
}

double distance_within_blocks(const Inputs& inputs, const RowSample& sample, Index lag) {
  Mean mean;
  for (std::size_t b = 0; b < inputs.first.size(); ++b) {
    for (Index i = 0; i + lag < sample.blocks()[b].size(); ++i)
      mean.add(squared_distance(inputs.x.view().row(inputs.first[b] + i),
                                inputs.x.view().row(inputs.first[b] + i + lag)));
  }
  return mean.value();
}

double distance_beyond_blocks(const DatasetReader& reader, const Inputs& inputs,
                              const RowSample& sample, const InputTransform& transform, Index lag) {
  const DatasetInfo& info = reader.info();
  Mean mean;
  Buffer<std::byte> stored(info.row_bytes());
  std::vector<float> x(static_cast<std::size_t>(info.features()));
  for (std::size_t b = 0; b < inputs.first.size(); ++b) {
    const Index row = sample.blocks()[b].begin + lag;
    if (row >= info.rows()) break;
    reader.read_rows({row, row + 1}, stored.span());
    convert_row(info.type, stored.data(), transform, x);
    mean.add(squared_distance(inputs.x.view().row(inputs.first[b]), x));
  }
  return mean.value();
}

}  // namespace

RowCorrelation row_correlation(const DatasetReader& reader, const RowSample& sample,
                               const InputTransform& transform) {
  RowCorrelation result;
  const DatasetInfo& info = reader.info();
  if (sample.blocks().size() < fewest_blocks || info.rows() < fewest_rows) return result;
  const Inputs inputs = convert(info, sample, transform);
  const double far = far_distance(inputs, sample);
  if (!(far > 0)) return result;  // all samples are the same
  result.neighbour_distance = distance_within_blocks(inputs, sample, 1) / far;
  if (!(result.neighbour_distance < alike)) return result;
  const Index within = sample.blocks().front().size();
  for (result.length = 4; result.length < info.rows() / 2; result.length *= 4) {
    const double distance =
        result.length < within
            ? distance_within_blocks(inputs, sample, result.length)
            : distance_beyond_blocks(reader, inputs, sample, transform, result.length);
    if (distance >= alike * far) return result;
  }
  result.length = info.rows() / 2;
  return result;
}

}  // namespace hourglass
