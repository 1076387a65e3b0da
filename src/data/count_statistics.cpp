#include "data/count_statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "core/buffer.hpp"
#include "core/compressed_rows.hpp"
#include "core/sparse_rows.hpp"
#include "data/finite_rows.hpp"
#include "data/normalization.hpp"
#include "data/sparse_conversion.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Of a rank's rows.
struct Sums {
  std::vector<double> libraries;  // of samples with counts
  std::vector<Index> empty_samples;
  std::vector<std::int64_t> has_counts;  // by feature
};

// The first number that is not a count, or the size.
std::size_t first_wrong(std::span<const float> values) {
  const auto bad = std::ranges::find_if(
      values, [](float value) { return !(value >= 0 && std::floor(value) == value); });
  return static_cast<std::size_t>(bad - values.begin());
}

[[noreturn]] void refuse(const DatasetReader& reader, Index row, Index feature, float value) {
  const ElementPlace place = reader.place(row, feature);
  throw Error(ErrorKind::data,
              fmt::format("{} holds {:g} ({}), which is not a count (0, 1, 2, ...): name the data "
                          "set of raw counts, or use --loss mse without --counts",
                          place.row, value, feature_text(reader.info(), place.feature, feature)));
}

void add_library(double library, Index row, Sums& sums) {
  if (library > 0) {
    sums.libraries.push_back(library);
    return;
  }
  sums.empty_samples.push_back(row);
}

void read_dense(const DatasetReader& reader, Range mine, Sums& sums) {
  const DatasetInfo& info = reader.info();
  const Index block = rows_a_read(info);
  Buffer<std::byte> bytes(std::min(block, std::max<Index>(1, mine.size())) * info.row_bytes());
  std::vector<float> row(static_cast<std::size_t>(info.features()));
  for (Index begin = mine.begin; begin < mine.end; begin += block) {
    const Range rows{begin, std::min(mine.end, begin + block)};
    read_finite_rows(reader, rows,
                     bytes.span().first(static_cast<std::size_t>(rows.size() * info.row_bytes())));
    for (Index r = rows.begin; r < rows.end; ++r) {
      convert_row(info.type, bytes.data() + (r - rows.begin) * info.row_bytes(), {}, row);
      check_counts(reader, r, row);
      double library = 0;
      for (std::size_t c = 0; c < row.size(); ++c) {
        library += static_cast<double>(row[c]);
        sums.has_counts[c] |= row[c] > 0 ? 1 : 0;
      }
      add_library(library, r, sums);
    }
  }
}

void read_sparse(const DatasetReader& reader, Range mine, Sums& sums) {
  const DatasetInfo& info = reader.info();
  const InputTransform as_stored;
  SparseConversion conversion(info.type, info.features(), as_stored);
  CompressedRows stored;
  stored.value_bytes = static_cast<std::size_t>(size_of(info.type));
  SparseBatch batch;
  for (Range rows{mine.begin, mine.begin}; rows.begin < mine.end; rows.begin = rows.end) {
    ++rows.end;
    while (rows.end < mine.end &&
           info.entries.count({rows.begin, rows.end + 1}) <= entries_a_read(info))
      ++rows.end;
    stored.clear();
    read_finite_sparse(reader, {&rows, 1}, stored);
    batch.clear(info.features());
    for (Index r = 0; r < rows.size(); ++r)
      conversion.append(stored.columns_of(r), stored.values_of(r).data(), batch);
    for (Index r = 0; r < rows.size(); ++r) {
      const std::span<const float> values = batch.view().values_of(r);
      const auto columns = batch.view().columns_of(r);
      if (const std::size_t bad = first_wrong(values); bad < values.size())
        refuse(reader, rows.begin + r, columns[bad], values[bad]);
      double library = 0;
      for (const float value : values) library += static_cast<double>(value);
      for (const std::int32_t column : columns)
        sums.has_counts[static_cast<std::size_t>(column)] = 1;
      add_library(library, rows.begin + r, sums);
    }
  }
}

Sums read_sums(const DatasetReader& reader, Range mine) {
  Sums sums;
  sums.has_counts.resize(static_cast<std::size_t>(reader.info().features()));
  if (reader.info().entries.known()) {
    read_sparse(reader, mine, sums);
  } else {
    read_dense(reader, mine, sums);
  }
  return sums;
}

// The mean of a function of all ranks' values: a sum of whole multiples of 2^-24, so that it is the
// same in any order. Terms are at most ln(2^53)^2 = 1350, so 2^28 of the largest fit.
template <class Function>
double mean_over_ranks(const Communicator& communicator, std::span<const double> values,
                       const Function& function) {
  constexpr double unit = 0x1p-24;
  std::array<std::int64_t, 2> sums = {0, static_cast<std::int64_t>(values.size())};
  for (const double value : values) sums[0] += std::llround(function(value) / unit);
  communicator.sum(sums);
  if (sums[1] == 0) return 0;
  return static_cast<double>(sums[0]) * unit / static_cast<double>(sums[1]);
}

// The smallest whole number that at least `count` of all ranks' values do not exceed.
double value_of_rank(const Communicator& communicator, std::span<const double> sorted,
                     std::int64_t count) {
  double low = 0;  // fewer do not exceed it
  double high = 9007199254740992.0;
  while (high - low > 1) {
    const double middle = std::floor((low + high) / 2);
    std::int64_t below = std::ranges::upper_bound(sorted, middle) - sorted.begin();
    communicator.sum(std::span(&below, 1));
    (below >= count ? high : low) = middle;
  }
  return high;
}

// The ranks' numbers one after the other.
std::vector<Index> of_all_ranks(const Communicator& communicator, const std::vector<Index>& mine) {
  std::vector<Index> all;
  for (const std::string& part : communicator.all_gather(
           std::string(reinterpret_cast<const char*>(mine.data()), mine.size() * sizeof(Index)))) {
    const std::size_t begin = all.size();
    all.resize(begin + part.size() / sizeof(Index));
    if (!part.empty()) std::memcpy(all.data() + begin, part.data(), part.size());
  }
  return all;
}

}  // namespace

bool are_counts(std::span<const float> values) {
  // Without a way out in the middle, so that it is a vector loop.
  bool counts = true;
  for (const float value : values) counts &= value >= 0 && std::floor(value) == value;
  return counts;
}

void check_counts(const DatasetReader& reader, Index row, std::span<const float> values) {
  if (are_counts(values)) return;
  const std::size_t bad = first_wrong(values);
  refuse(reader, row, static_cast<Index>(bad), values[bad]);
}

double median_over_ranks(const Communicator& communicator, std::span<double> values) {
  std::ranges::sort(values);
  auto count = static_cast<std::int64_t>(values.size());
  communicator.sum(std::span(&count, 1));
  if (count == 0) return 0;
  const double upper = value_of_rank(communicator, values, count / 2 + 1);
  if (count % 2 != 0) return upper;
  return (value_of_rank(communicator, values, count / 2) + upper) / 2;
}

CountStatistics count_statistics(const Communicator& communicator, const DatasetReader& reader) {
  const Index samples = reader.info().rows();
  Sums sums;
  collectively(communicator, [&] {
    sums = read_sums(reader, even_part(samples, communicator.size(), communicator.rank()));
  });
  CountStatistics result;
  result.samples = samples;
  result.median_library = median_over_ranks(communicator, sums.libraries);
  result.mean_log_library = mean_over_ranks(communicator, sums.libraries,
                                            [](double library) { return std::log(library); });
  result.log_library_deviation =
      std::sqrt(mean_over_ranks(communicator, sums.libraries, [&](double library) {
        const double difference = std::log(library) - result.mean_log_library;
        return difference * difference;
      }));
  communicator.sum(sums.has_counts);
  for (std::size_t f = 0; f < sums.has_counts.size(); ++f) {
    if (sums.has_counts[f] == 0) result.empty_features.push_back(static_cast<Index>(f));
  }
  result.empty_samples = of_all_ranks(communicator, sums.empty_samples);
  return result;
}

}  // namespace hourglass
