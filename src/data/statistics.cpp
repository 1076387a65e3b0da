#include "data/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "core/buffer.hpp"
#include "core/element.hpp"
#include "data/columns_of.hpp"
#include "data/finite_rows.hpp"
#include "data/missing_values.hpp"
#include "data/weighted_statistics.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

/// Number, mean and sum of squared distances from the mean of some rows, by feature.
struct Moments {
  explicit Moments(Index features)
      : mean(static_cast<std::size_t>(features)), squares(static_cast<std::size_t>(features)) {}

  /// Of `features` features of which some are missing in some rows: merges by `counts`.
  void merge(const double* other_counts, const double* other_mean, const double* other_squares,
             std::size_t features) {
    for (std::size_t c = 0; c < features; ++c) {
      if (other_counts[c] == 0) continue;
      const double total = counts[c] + other_counts[c];
      const double share = other_counts[c] / total;
      const double weight = counts[c] * share;
      const double distance = other_mean[c] - mean[c];
      mean[c] += distance * share;
      squares[c] += other_squares[c] + distance * distance * weight;
      counts[c] = total;
    }
  }
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
    if (counts.empty()) {
      merge(other.rows, other.mean.data(), other.squares.data(), mean.size());
    } else {
      merge(other.counts.data(), other.mean.data(), other.squares.data(), mean.size());
    }
  }
  void count_features() { counts.assign(mean.size(), 0); }

  Index rows = 0;
  std::vector<double> mean;
  std::vector<double> squares;
  std::vector<double> counts;  // of the rows that have a feature; empty: all have all
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

/// The same of what is not missing; the first element that is there takes the first row's part.
/// With nothing missing these are the same operations.
template <class T>
void measure_present(const std::byte* stored, Index rows, const std::vector<double>& values,
                     std::vector<double>& first, Moments& block) {
  const std::size_t features = block.mean.size();
  const auto for_each_present = [&](auto visit) {
    for (Index r = 0; r < rows; ++r) {
      const std::byte* row = stored + static_cast<std::size_t>(r) * features * sizeof(T);
      for (std::size_t c = 0; c < features; ++c) {
        const T element = load_element<T>(row, c);
        if (!is_missing(element, values)) visit(c, static_cast<double>(element));
      }
    }
  };
  std::ranges::fill(block.squares, 0.0);
  std::ranges::fill(block.counts, 0.0);
  for_each_present([&](std::size_t c, double value) {
    if (block.counts[c] == 0) {
      first[c] = value;
    } else {
      block.squares[c] += value - first[c];
    }
    block.counts[c] += 1;
  });
  for (std::size_t c = 0; c < features; ++c) {
    block.mean[c] = block.counts[c] > 0 ? first[c] + block.squares[c] / block.counts[c] : 0;
    block.squares[c] = 0;
  }
  for_each_present([&](std::size_t c, double value) {
    const double distance = value - block.mean[c];
    block.squares[c] += distance * distance;
  });
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

Moments measure_part(const DatasetReader& reader, const MissingValues& missing, Range part_rows,
                     std::span<std::byte> stored) {
  const DatasetInfo& info = reader.info();
  const Index block_rows = rows_per_block(info);
  const Index read_rows = static_cast<Index>(stored.size()) / info.row_bytes();
  Moments sum(info.features());
  Moments block(info.features());
  std::vector<double> first;
  if (missing.treatment != Missing::refuse) {
    sum.count_features();
    block.count_features();
    first.resize(block.mean.size());
  }
  for (Index row = part_rows.begin; row < part_rows.end; row += read_rows) {
    const Range rows{row, std::min(row + read_rows, part_rows.end)};
    read_finite_rows(reader, rows,
                     stored.first(static_cast<std::size_t>(rows.size() * info.row_bytes())),
                     missing);
    for (Index begin = 0; begin < rows.size(); begin += block_rows) {
      const std::byte* rows_begin = stored.data() + begin * info.row_bytes();
      const Index count = std::min(block_rows, rows.size() - begin);
      with_element(info.type, [&]<class T>(std::type_identity<T>) {
        if (first.empty()) {
          measure<T>(rows_begin, count, block);
        } else {
          measure_present<T>(rows_begin, count, missing.values, first, block);
        }
      });
      sum.merge(block);
    }
  }
  return sum;
}

std::vector<Moments> measure_parts(const DatasetReader& reader, const MissingValues& missing,
                                   Range parts) {
  const DatasetInfo& info = reader.info();
  // Whole blocks a read, so that where a read ends changes nothing.
  const Index read_rows = round_up(std::min(rows_a_read(info), info.rows()), rows_per_block(info));
  Buffer<std::byte> stored(read_rows * info.row_bytes());
  std::vector<Moments> result;
  for (Index part = parts.begin; part < parts.end; ++part) {
    result.push_back(measure_part(reader, missing, even_part(info.rows(), part_count(info), part),
                                  stored.span()));
  }
  return result;
}

/// Means, squares and, if there are some, counts of some features, part after part, as bytes for
/// all_gather.
std::string to_text(const std::vector<Moments>& parts, std::size_t begin, std::size_t count) {
  std::string text;
  for (const Moments& part : parts) {
    for (const auto* values : {&part.mean, &part.squares, &part.counts}) {
      if (values->empty()) continue;
      text.append(reinterpret_cast<const char*>(values->data() + begin), count * sizeof(double));
    }
  }
  return text;
}

}  // namespace

FeatureStatistics feature_statistics(const Communicator& communicator, const DatasetReader& reader,
                                     const MissingValues& missing) {
  const DatasetInfo& info = reader.info();
  std::vector<Moments> mine;
  collectively(communicator, [&] {
    if (info.rows() < 1)
      throw Error(ErrorKind::data, to_string(info.address) + ": it holds no samples");
    mine = measure_parts(reader, missing,
                         even_part(part_count(info), communicator.size(), communicator.rank()));
  });
  const Index parts = part_count(info);
  const auto features = static_cast<std::size_t>(info.features());
  FeatureStatistics result{std::vector<double>(features), std::vector<double>(features), {}};
  const bool counts = missing.treatment != Missing::refuse;
  if (counts) result.count.resize(features);
  // A slab of features at a time: all parts of all ranks in 16 MiB.
  const std::size_t slab =
      std::max<std::size_t>(1, (std::size_t{1} << 20) / static_cast<std::size_t>(parts));
  for (std::size_t begin = 0; begin < features; begin += slab) {
    const std::size_t count = std::min(slab, features - begin);
    Moments total(static_cast<Index>(count));
    if (counts) total.count_features();
    std::vector<double> moments((counts ? 3 : 2) * count);
    const std::size_t bytes = moments.size() * sizeof(double);
    Index part = 0;
    for (const std::string& text : communicator.all_gather(to_text(mine, begin, count))) {
      for (std::size_t at = 0; at < text.size(); at += bytes) {
        std::memcpy(moments.data(), text.data() + at, bytes);
        if (counts) {
          total.merge(moments.data() + 2 * count, moments.data(), moments.data() + count, count);
        } else {
          total.merge(even_part(info.rows(), parts, part).size(), moments.data(),
                      moments.data() + count, count);
        }
        ++part;
      }
    }
    for (std::size_t c = 0; c < count; ++c) {
      result.mean[begin + c] = total.mean[c];
      const double rows = counts ? total.counts[c] : static_cast<double>(info.rows());
      if (counts) result.count[begin + c] = static_cast<Index>(rows);
      result.deviation[begin + c] = rows > 0 ? std::sqrt(total.squares[c] / rows) : 0;
    }
  }
  return result;
}

bool counts_as_constant(double mean, double deviation, double largest_deviation) {
  constexpr double rounding = 8 * std::numeric_limits<double>::epsilon();
  constexpr double little = 1e-10;
  return deviation <= rounding * std::fabs(mean) ||
         (deviation < little && deviation < little * largest_deviation) ||
         !(static_cast<float>(1.0 / deviation) <= std::numeric_limits<float>::max());
}

namespace {

// 1 / factor of an element before mean and deviation are taken out.
double divisor_of(Normalize normalize, const DatasetInfo& info) {
  return resolve(normalize, info.type) == Normalize::unit ? unit_divisor(info.type) : 1.0;
}

std::vector<float> divided(const std::vector<double>& means, double divisor) {
  std::vector<float> result;
  for (const double mean : means) result.push_back(static_cast<float>(mean / divisor));
  return result;
}

}  // namespace

std::vector<float> missing_means(const Communicator& communicator, const DatasetReader& reader,
                                 Normalize normalize, const MissingValues& missing,
                                 FeatureStatistics* measured) {
  if (resolve(normalize, reader.info().type) == Normalize::standardize) return {};
  FeatureStatistics statistics = feature_statistics(communicator, reader, missing);
  std::vector<float> means = divided(statistics.mean, divisor_of(normalize, reader.info()));
  if (measured != nullptr) *measured = std::move(statistics);
  return means;
}

InputTransform input_transform(const Communicator& communicator, const DatasetReader& reader,
                               Normalize normalize, MissingValues missing,
                               FeatureStatistics* measured, std::span<const float> weights) {
  const DatasetInfo& info = reader.info();
  // Of a table's columns only numbers and dates have a scale of their own.
  std::vector<Column> columns;
  collectively(communicator, [&] {
    check_missing_values(info, missing.values);
    columns = columns_of(info);
    if (columns.empty() || normalize != Normalize::unit || !is_integer(info.type)) return;
    throw Error(ErrorKind::usage, to_string(info.address) +
                                      ": --normalize unit would divide its categories too: use "
                                      "--normalize standardize or none");
  });
  if (!columns.empty() && normalize == Normalize::automatic) normalize = Normalize::none;
  InputTransform transform;
  transform.divisor = divisor_of(normalize, info);
  transform.missing = std::move(missing);
  const bool standardizes = resolve(normalize, info.type) == Normalize::standardize;
  if (!standardizes && transform.missing.treatment != Missing::mean) return transform;

  FeatureStatistics statistics = weights.empty()
                                     ? feature_statistics(communicator, reader, transform.missing)
                                     : weighted_statistics(communicator, reader, weights);
  if (!standardizes) {
    transform.missing.means = divided(statistics.mean, transform.divisor);
    if (measured != nullptr) *measured = std::move(statistics);
    return transform;
  }
  const double largest = std::ranges::max(statistics.deviation);
  bool exact = false;
  for (std::size_t c = 0; c < statistics.mean.size(); ++c) {
    const bool constant = counts_as_constant(statistics.mean[c], statistics.deviation[c], largest);
    const double deviation = constant ? 1.0 : statistics.deviation[c];
    transform.mean.push_back(static_cast<float>(statistics.mean[c]));
    transform.inverse_deviation.push_back(static_cast<float>(1.0 / deviation));
    exact = exact || std::fabs(statistics.mean[c] - static_cast<double>(transform.mean.back())) >
                         deviation / 16;
  }
  if (exact) transform.exact_mean = statistics.mean;
  for (const Column& column : columns) {
    if (column.kind != ColumnKind::category && column.kind != ColumnKind::boolean) continue;
    for (Index f = column.features.begin; f < column.features.end; ++f) {
      const auto c = static_cast<std::size_t>(f);
      transform.mean[c] = 0;
      transform.inverse_deviation[c] = 1;
      if (exact) transform.exact_mean[c] = 0;
    }
  }
  if (measured != nullptr) *measured = std::move(statistics);
  return transform;
}

}  // namespace hourglass
