#include "engine/geometric_median.hpp"

#include <algorithm>
#include <cmath>

#include "core/random.hpp"
#include "engine/inference.hpp"
#include "engine/sum_over_ranks.hpp"
#include "math/exact_sum.hpp"

namespace hourglass {

namespace {

constexpr Index block_rows = 16;
constexpr Index most_rows = Index{1} << 14;
constexpr Index most_floats = Index{1} << 26;
constexpr int most_iterations = 100;
constexpr double tolerance = 1e-6;
// Closer samples would decide alone where the median is.
constexpr double least_distance = 1e-6;

// This rank's part of the blocks: samples, one row after the other, and the rows of each block.
struct Sample {
  std::vector<float> values;
  std::vector<Index> blocks;
};

Sample read_sample(const Communicator& communicator, const DatasetReader& reader,
                   const InputTransform& transform, std::uint64_t seed, WorkerPool& pool) {
  const DatasetInfo& info = reader.info();
  const Index affordable = std::max<Index>(block_rows, most_floats / info.features());
  const auto blocks = sampled_blocks(info.rows(), std::min(most_rows, affordable), seed);
  const Range mine =
      even_part(static_cast<Index>(blocks.size()), communicator.size(), communicator.rank());
  const InferencePlan plan{info.rows(), block_rows};
  Sample sample;
  collectively(communicator, [&] {
    for (Index b = mine.begin; b < mine.end; ++b) {
      const Range& rows = blocks[static_cast<std::size_t>(b)];
      const Index number = rows.begin / block_rows;
      for_each_micro_batch(reader, transform, plan, {number, number + 1}, pool,
                           [&](Index, Range, ConstMatrix x) {
                             for (Index r = 0; r < x.rows; ++r) {
                               const auto row = x.row(r);
                               sample.values.insert(sample.values.end(), row.begin(), row.end());
                             }
                           });
      sample.blocks.push_back(rows.size());
    }
  });
  return sample;
}

double distance(std::span<const float> x, std::span<const double> m) {
  double squares = 0;
  for (std::size_t c = 0; c < m.size(); ++c) {
    const double difference = static_cast<double>(x[c]) - m[c];
    squares += difference * difference;
  }
  return std::sqrt(squares);
}

// Adds x / |x - m|, and behind it 1 / |x - m|, over the samples.
void add_terms(const Sample& sample, std::span<const double> m, double least,
               std::span<ExactSum> sums) {
  const std::size_t features = m.size();
  std::vector<double> terms(features + 1);
  const float* row = sample.values.data();
  for (const Index rows : sample.blocks) {
    std::ranges::fill(terms, 0.0);
    for (Index r = 0; r < rows; ++r, row += features) {
      const double weight = 1 / std::max(least, distance({row, features}, m));
      for (std::size_t c = 0; c < features; ++c) terms[c] += weight * static_cast<double>(row[c]);
      terms[features] += weight;
    }
    for (std::size_t c = 0; c < terms.size(); ++c) sums[c].add(terms[c]);
  }
}

}  // namespace

std::vector<Range> sampled_blocks(Index rows, Index most_rows, std::uint64_t seed) {
  const Index all = (rows + block_rows - 1) / block_rows;
  const Index count = std::min(all, std::max<Index>(1, most_rows / block_rows));
  const CounterRandom random(seed, Purpose::dictionary);
  std::vector<Range> blocks;
  for (Index b = 0; b < count; ++b) {
    const Range part = even_part(all, count, b);
    const auto words = random.bits(static_cast<std::uint64_t>(b), 0, 0);
    const std::uint64_t word = (static_cast<std::uint64_t>(words[1]) << 32) | words[0];
    const Index block =
        part.begin + static_cast<Index>(word % static_cast<std::uint64_t>(part.size()));
    blocks.push_back({block * block_rows, std::min(rows, (block + 1) * block_rows)});
  }
  return blocks;
}

std::vector<float> geometric_median(const Communicator& communicator, const DatasetReader& reader,
                                    const InputTransform& transform, std::span<const float> start,
                                    double spread, std::uint64_t seed, WorkerPool& pool) {
  const Sample sample = read_sample(communicator, reader, transform, seed, pool);
  std::vector<double> median(start.begin(), start.end());
  std::vector<ExactSum> sums(median.size() + 1);
  for (int iteration = 0; iteration < most_iterations && spread > 0; ++iteration) {
    for (ExactSum& sum : sums) sum.clear();
    add_terms(sample, median, least_distance * spread, sums);
    sum_over_ranks(communicator, sums);
    const double weight = sums.back().value();
    double squares = 0;
    for (std::size_t c = 0; c < median.size(); ++c) {
      const double next = sums[c].value() / weight;
      squares += (next - median[c]) * (next - median[c]);
      median[c] = next;
    }
    if (std::sqrt(squares) <= tolerance * spread) break;
  }
  return {median.begin(), median.end()};
}

}  // namespace hourglass
