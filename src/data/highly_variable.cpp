#include "data/highly_variable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <string>

#include "core/buffer.hpp"
#include "core/element.hpp"
#include "data/count_statistics.hpp"
#include "data/finite_rows.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::size_t bins = 20;
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

/// Calls visit(row, gene, count) for the counts of `rows` that are not 0, in their order.
void for_each_count(const DatasetReader& reader, Range rows,
                    const std::function<void(Index, std::size_t, double)>& visit) {
  const DatasetInfo& info = reader.info();
  const Index at_once = std::max<Index>(1, std::min(rows_a_read(info), rows.size()));
  const auto genes = static_cast<std::size_t>(info.features());
  Buffer<std::byte> stored(at_once * info.row_bytes());
  for (Index begin = rows.begin; begin < rows.end; begin += at_once) {
    const Range part{begin, std::min(rows.end, begin + at_once)};
    read_finite_rows(reader, part,
                     stored.span().first(static_cast<std::size_t>(part.size() * info.row_bytes())));
    with_element(info.type, [&]<class T>(std::type_identity<T>) {
      for (Index row = part.begin; row < part.end; ++row) {
        const std::byte* place = stored.data() + (row - part.begin) * info.row_bytes();
        for (std::size_t g = 0; g < genes; ++g) {
          const T element = load_element<T>(place, g);
          if (element == T{}) continue;
          const auto count = static_cast<double>(element);
          if (count < 0 || std::floor(count) != count) {
            throw Error(ErrorKind::data,
                        fmt::format("{} (from 0) holds {} in column {}, but --highly-variable "
                                    "needs counts: whole numbers of at least 0",
                                    reader.where(row), count, g));
          }
          visit(row, g, count);
        }
      }
    });
  }
}

/// Sums of counts and of their squares, by gene.
struct Sums {
  std::vector<double> first;
  std::vector<double> second;
};

/// Enough parts for many ranks, few enough that a rank which owns all of them holds about 64 MiB.
Index part_count(const DatasetInfo& info) {
  const Index affordable =
      (Index{64} << 20) / (2 * static_cast<Index>(sizeof(double)) * info.features());
  return std::min(info.rows(), std::clamp<Index>(affordable, 4, 1024));
}

/// Adds up the parts of all ranks in their order, some genes at a time.
Sums add_up(const Communicator& communicator, const std::vector<Sums>& mine, std::size_t genes) {
  constexpr std::size_t at_once = 4096;
  Sums total{std::vector<double>(genes), std::vector<double>(genes)};
  for (std::size_t begin = 0; begin < genes; begin += at_once) {
    const std::size_t count = std::min(at_once, genes - begin);
    const std::size_t bytes = count * sizeof(double);
    std::string text;
    for (const Sums& part : mine) {
      text.append(reinterpret_cast<const char*>(part.first.data() + begin), bytes);
      text.append(reinterpret_cast<const char*>(part.second.data() + begin), bytes);
    }
    std::vector<double> values(2 * count);
    for (const std::string& of_rank : communicator.all_gather(text)) {
      for (std::size_t at = 0; at < of_rank.size(); at += 2 * bytes) {
        std::memcpy(values.data(), of_rank.data() + at, 2 * bytes);
        for (std::size_t g = 0; g < count; ++g) {
          total.first[begin + g] += values[g];
          total.second[begin + g] += values[count + g];
        }
      }
    }
  }
  return total;
}

/// The bin of each number, as pandas.cut makes them: of equal width, closed on the right.
std::vector<std::size_t> bins_of(const std::vector<double>& numbers) {
  double low = std::ranges::min(numbers);
  double high = std::ranges::max(numbers);
  constexpr double margin = 0.001;
  const double range = high - low;
  if (range == 0) {
    const double around = low != 0 ? margin * std::fabs(low) : margin;
    low -= around;
    high += around;
  }
  std::array<double, bins + 1> edges{};
  const double step = (high - low) / static_cast<double>(bins);
  for (std::size_t e = 0; e < bins; ++e) edges[e] = static_cast<double>(e) * step + low;
  edges.back() = high;
  edges[0] -= range * margin;
  std::vector<std::size_t> result;
  for (const double number : numbers) {
    const auto edge = std::ranges::lower_bound(edges, number) - edges.begin();
    result.push_back(std::clamp<std::size_t>(static_cast<std::size_t>(edge), 1, bins) - 1);
  }
  return result;
}

}  // namespace

GeneVariation gene_variation(const std::vector<double>& means,
                             const std::vector<double>& variances) {
  require(means.size() == variances.size() && !means.empty(), "means and variances of other genes");
  GeneVariation result;
  constexpr double least_mean = 1e-12;
  for (std::size_t g = 0; g < means.size(); ++g) {
    const double mean = means[g] == 0 ? least_mean : means[g];
    const double dispersion = variances[g] / mean;
    result.mean.push_back(std::log1p(mean));
    result.variance.push_back(dispersion > 0 ? std::log(dispersion) : nothing);
  }
  const std::vector<std::size_t> bin = bins_of(result.mean);
  std::array<double, bins> count{};
  std::array<double, bins> mean{};
  std::array<double, bins> deviation{};
  const auto for_each = [&](auto visit) {
    for (std::size_t g = 0; g < bin.size(); ++g) {
      if (!std::isnan(result.variance[g])) visit(bin[g], result.variance[g]);
    }
  };
  for_each([&](std::size_t b, double value) {
    count[b] += 1;
    mean[b] += value;
  });
  for (std::size_t b = 0; b < bins; ++b) mean[b] = count[b] > 0 ? mean[b] / count[b] : 0;
  for_each(
      [&](std::size_t b, double value) { deviation[b] += (value - mean[b]) * (value - mean[b]); });
  for (std::size_t b = 0; b < bins; ++b) {
    if (count[b] > 1) {
      deviation[b] = std::sqrt(deviation[b] / (count[b] - 1));
    } else {
      deviation[b] = mean[b];
      mean[b] = 0;
    }
  }
  for (std::size_t g = 0; g < bin.size(); ++g) {
    const double score =
        deviation[bin[g]] == 0 ? nothing : (result.variance[g] - mean[bin[g]]) / deviation[bin[g]];
    result.score.push_back(score);
  }
  return result;
}

std::vector<Index> highest_scores(const std::vector<double>& scores, Index count) {
  std::vector<Index> order;
  for (std::size_t g = 0; g < scores.size(); ++g) {
    if (!std::isnan(scores[g])) order.push_back(static_cast<Index>(g));
  }
  std::ranges::stable_sort(order, std::greater<>(),
                           [&](Index g) { return scores[static_cast<std::size_t>(g)]; });
  order.resize(static_cast<std::size_t>(std::min(count, static_cast<Index>(order.size()))));
  std::ranges::sort(order);
  return order;
}

std::vector<Index> highly_variable_genes(const Communicator& communicator,
                                         const DatasetReader& reader, Index count, double target) {
  const DatasetInfo& info = reader.info();
  const auto genes = static_cast<std::size_t>(info.features());
  Range parts;
  Range mine;
  collectively(communicator, [&] {
    if (count > info.features()) {
      throw Error(ErrorKind::usage,
                  fmt::format("{}: --highly-variable {} of {} genes: choose fewer",
                              to_string(info.address), count, info.features()));
    }
    if (info.rows() < 2) {
      throw Error(ErrorKind::data, fmt::format("{}: --highly-variable needs at least 2 cells",
                                               to_string(info.address)));
    }
    parts = even_part(part_count(info), communicator.size(), communicator.rank());
  });
  const auto rows_of = [&](Index part) { return even_part(info.rows(), part_count(info), part); };
  mine = parts.empty() ? Range{} : Range{rows_of(parts.begin).begin, rows_of(parts.end - 1).end};
  std::vector<double> sizes(static_cast<std::size_t>(mine.size()));
  collectively(communicator, [&] {
    for_each_count(reader, mine, [&](Index row, std::size_t, double value) {
      sizes[static_cast<std::size_t>(row - mine.begin)] += value;
    });
  });
  std::vector<double> filled = sizes;
  std::erase(filled, 0.0);
  const double typical = target > 0 ? target : median_over_ranks(communicator, filled);
  std::vector<Sums> sums;
  collectively(communicator, [&] {
    for (Index part = parts.begin; part < parts.end; ++part) {
      Sums& sum = sums.emplace_back(Sums{std::vector<double>(genes), std::vector<double>(genes)});
      for_each_count(reader, rows_of(part), [&](Index row, std::size_t g, double value) {
        const double scaled = value / (sizes[static_cast<std::size_t>(row - mine.begin)] / typical);
        sum.first[g] += scaled;
        sum.second[g] += scaled * scaled;
      });
    }
  });
  Sums total = add_up(communicator, sums, genes);
  const auto rows = static_cast<double>(info.rows());
  for (std::size_t g = 0; g < genes; ++g) {
    const double mean = total.first[g] / rows;
    total.second[g] = std::max(0.0, total.second[g] / rows - mean * mean) * (rows / (rows - 1));
    total.first[g] = mean;
  }
  std::vector<Index> chosen =
      highest_scores(gene_variation(total.first, total.second).score, count);
  collectively(communicator, [&] {
    if (chosen.empty())
      throw Error(ErrorKind::data, to_string(info.address) + ": the counts of no gene vary");
    if (static_cast<Index>(chosen.size()) < count) {
      throw Error(ErrorKind::data,
                  fmt::format("{}: only {} genes vary: use --highly-variable {}",
                              to_string(info.address), chosen.size(), chosen.size()));
    }
  });
  return chosen;
}

}  // namespace hourglass
