#include "data/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <type_traits>

#include "core/buffer.hpp"
#include "data/finite_rows.hpp"
#include "data/weighted_statistics.hpp"
#include "hdf5/element.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

/// Number, mean and sum of squared distances from the mean of some rows, by feature.
struct Moments {
  explicit Moments(Index features)
      : mean(static_cast<std::size_t>(features)), squares(static_cast<std::size_t>(features)) {}

  void merge(Index other_rows, const double* other_mean, const double* other_squares,
             std::size_t features) {
    if (other_rows == 0) return;
    const auto total = static_cast<double>(rows + other_rows);
    const double share = static_cast<double>(other_rows) / total;
    const double weight = static_cast<double>(rows) * share;
    for (std::size_t c = 0; c < features; ++c) {
      const double distance = other_mean[c] - mean[c];
      mean[c] += distance * share;
      squares[c] += other_squares[c] + distance * distance * weight;
    }
    rows += other_rows;
  }
  void merge(const Moments& other) {
    merge(other.rows, other.mean.data(), other.squares.data(), mean.size());
  }

  Index rows = 0;
  std::vector<double> mean;
  std::vector<double> squares;
};

/// The moments of a block that lies in memory. Sums of distances from the first row are exactly 0
/// for constant features.
template <class T>
void measure(const std::byte* stored, Index rows, Moments& block) {
  const std::size_t features = block.mean.size();
  const auto value = [&](Index r, std::size_t c) {
    return static_cast<double>(
        load_element<T>(stored + static_cast<std::size_t>(r) * features * sizeof(T), c));
  };
  block.rows = rows;
  std::ranges::fill(block.squares, 0.0);
  for (Index r = 1; r < rows; ++r) {
    for (std::size_t c = 0; c < features; ++c) block.squares[c] += value(r, c) - value(0, c);
  }
  for (std::size_t c = 0; c < features; ++c) {
    block.mean[c] = value(0, c) + block.squares[c] / static_cast<double>(rows);
    block.squares[c] = 0;
  }
  for (Index r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < features; ++c) {
      const double distance = value(r, c) - block.mean[c];
      block.squares[c] += distance * distance;
    }
  }
}

/// Enough parts to occupy many ranks, few enough that a rank which owns all of them holds about 64
/// MiB.
Index part_count(const DatasetInfo& info) {
  const Index affordable =
      (Index{64} << 20) / (2 * static_cast<Index>(sizeof(double)) * info.features());
  return std::min(info.rows(), std::clamp<Index>(affordable, 4, 1024));
}

/// Rows of a block, which stays in the second-level cache for its second pass.
Index rows_per_block(const DatasetInfo& info) {
  return std::max<Index>(1, (Index{256} << 10) / info.row_bytes());
}

Moments measure_part(const DatasetReader& reader, Range part_rows, std::span<std::byte> stored) {
  const DatasetInfo& info = reader.info();
  const Index block_rows = rows_per_block(info);
  const Index read_rows = static_cast<Index>(stored.size()) / info.row_bytes();
  Moments sum(info.features());
  Moments block(info.features());
  for (Index row = part_rows.begin; row < part_rows.end; row += read_rows) {
    const Range rows{row, std::min(row + read_rows, part_rows.end)};
    read_finite_rows(reader, rows,
                     stored.first(static_cast<std::size_t>(rows.size() * info.row_bytes())));
    for (Index begin = 0; begin < rows.size(); begin += block_rows) {
      const std::byte* first = stored.data() + begin * info.row_bytes();
      const Index count = std::min(block_rows, rows.size() - begin);
      with_element(info.type,
                   [&]<class T>(std::type_identity<T>) { measure<T>(first, count, block); });
      sum.merge(block);
    }
  }
  return sum;
}

std::vector<Moments> measure_parts(const DatasetReader& reader, Range parts) {
  const DatasetInfo& info = reader.info();
  // Whole blocks a read, so that where a read ends changes nothing.
  const Index read_rows = round_up(std::min(rows_a_read(info), info.rows()), rows_per_block(info));
  Buffer<std::byte> stored(read_rows * info.row_bytes());
  std::vector<Moments> result;
  for (Index part = parts.begin; part < parts.end; ++part) {
    result.push_back(
        measure_part(reader, even_part(info.rows(), part_count(info), part), stored.span()));
  }
  return result;
}

/// Means and squares of some features, part after part, as bytes for all_gather.
std::string to_text(const std::vector<Moments>& parts, std::size_t begin, std::size_t count) {
  std::string text(parts.size() * 2 * count * sizeof(double), '\0');
  char* target = text.data();
  for (const Moments& part : parts) {
    for (const double* source : {part.mean.data() + begin, part.squares.data() + begin}) {
      std::memcpy(target, source, count * sizeof(double));
      target += count * sizeof(double);
    }
  }
  return text;
}

}  // namespace

FeatureStatistics feature_statistics(const Communicator& communicator,
                                     const DatasetReader& reader) {
  const DatasetInfo& info = reader.info();
  std::vector<Moments> mine;
  collectively(communicator, [&] {
    if (info.rows() < 1)
      throw Error(ErrorKind::data, to_string(info.address) + ": it holds no samples");
    mine = measure_parts(reader,
                         even_part(part_count(info), communicator.size(), communicator.rank()));
  });
  const Index parts = part_count(info);
  const auto features = static_cast<std::size_t>(info.features());
  FeatureStatistics result{std::vector<double>(features), std::vector<double>(features)};
  // A slab of features at a time: all parts of all ranks in 16 MiB.
  const std::size_t slab =
      std::max<std::size_t>(1, (std::size_t{1} << 20) / static_cast<std::size_t>(parts));
  for (std::size_t begin = 0; begin < features; begin += slab) {
    const std::size_t count = std::min(slab, features - begin);
    Moments total(static_cast<Index>(count));
    std::vector<double> moments(2 * count);
    Index part = 0;
    for (const std::string& text : communicator.all_gather(to_text(mine, begin, count))) {
      for (std::size_t at = 0; at < text.size(); at += 2 * count * sizeof(double)) {
        std::memcpy(moments.data(), text.data() + at, 2 * count * sizeof(double));
        total.merge(even_part(info.rows(), parts, part).size(), moments.data(),
                    moments.data() + count, count);
        ++part;
      }
    }
    for (std::size_t c = 0; c < count; ++c) {
      result.mean[begin + c] = total.mean[c];
      result.deviation[begin + c] = std::sqrt(total.squares[c] / static_cast<double>(info.rows()));
    }
  }
  return result;
}

InputTransform input_transform(const Communicator& communicator, const DatasetReader& reader,
                               Normalize normalize, std::span<const float> weights) {
  const DatasetInfo& info = reader.info();
  InputTransform transform;
  normalize = resolve(normalize, info.type);
  if (normalize == Normalize::unit) transform.divisor = unit_divisor(info.type);
  if (normalize != Normalize::standardize) return transform;

  const FeatureStatistics statistics = weights.empty()
                                           ? feature_statistics(communicator, reader)
                                           : weighted_statistics(communicator, reader, weights);
  for (std::size_t c = 0; c < statistics.mean.size(); ++c) {
    const auto mean = static_cast<float>(statistics.mean[c]);
    const auto inverse = static_cast<float>(1.0 / statistics.deviation[c]);
    const bool constant = !(inverse <= std::numeric_limits<float>::max());
    if (!constant &&
        std::fabs(statistics.mean[c] - static_cast<double>(mean)) > statistics.deviation[c] / 16) {
      throw Error(ErrorKind::data,
                  to_string(info.address) + ": feature " + std::to_string(c) +
                      " varies too little (deviation " + std::to_string(statistics.deviation[c]) +
                      ") around too large a mean (" + std::to_string(statistics.mean[c]) +
                      ") for single precision; subtract an offset from it when making the file");
    }
    transform.mean.push_back(mean);
    transform.inverse_deviation.push_back(constant ? 1.0F : inverse);
  }
  return transform;
}

}  // namespace hourglass
