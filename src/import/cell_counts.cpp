#include "import/cell_counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr double expression_spread = 2;
constexpr double dispersion_spread = 0.5;
constexpr double marker_share = 0.1;
// Up to this inverse dispersion and library, the probability of 0 is a normal number and every
// count has a place in single precision.
constexpr double largest_inverse = 50;
constexpr double largest_library = 1e7;
// Items above all numbers of cells: genes, and their factors.
constexpr std::uint64_t gene_item = std::uint64_t{1} << 62;
constexpr std::uint64_t group_item = gene_item + 1;
constexpr std::uint64_t batch_item = gene_item + 2;
// The draws of a cell, told apart by the counter's epoch.
constexpr std::uint32_t of_cell = 0;
constexpr std::uint32_t of_counts = 1;
constexpr std::uint32_t of_dropout = 2;

// Uniform in (0, 1).
double uniform(std::uint32_t word) { return (static_cast<double>(word) + 0.5) * 0x1p-32; }

double normal(std::uint32_t first, std::uint32_t second) {
  return static_cast<double>(normal_pair(first, second).front());
}

/// The smallest x with P(X > x) <= `tail`, X negative binomial.
double quantile(double mean, double inverse, double tail) {
  const double log_none = -inverse * std::log1p(mean / inverse);
  double above = -std::expm1(log_none);
  double probability = std::exp(log_none);
  const double ratio = mean / (mean + inverse);
  double count = 0;
  while (tail < above && probability > 0) {
    probability *= (count + inverse) / (count + 1) * ratio;
    above -= probability;
    ++count;
  }
  return count;
}

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

void check_range(const char* option, double value, double smallest, double largest) {
  check(value >= smallest && value <= largest,
        fmt::format("--{} must be {} to {}, not {}", option, smallest, largest, value));
}

}  // namespace

CellCounts::CellCounts(const CellSpec& spec)
    : spec_(spec), random_(spec.seed, Purpose::generation) {
  constexpr Index most_cells = Index{1} << 40;
  constexpr Index most_shares = Index{1} << 27;
  check(spec.cells >= 1 && spec.cells <= most_cells,
        fmt::format("--cells must be 1 to {}, not {}", most_cells, spec.cells));
  check_range("genes", static_cast<double>(spec.genes), 1, 1 << 24);
  check_range("groups", static_cast<double>(spec.groups), 1, 1024);
  check_range("batches", static_cast<double>(spec.batches), 1, 1024);
  check(spec.groups * spec.batches <= most_shares / spec.genes,
        fmt::format("--groups {} times --batches {} times --genes {} is more than {}", spec.groups,
                    spec.batches, spec.genes, most_shares));
  if (spec_.library == 0) spec_.library = std::max(1.0, 0.1 * static_cast<double>(spec.genes));
  check_range("library", spec_.library, 1, 1e6);
  check_range("library-spread", spec.library_spread, 0, 2);
  check_range("dispersion", spec.dispersion, 0.02, 100);
  check_range("group-effect", spec.group_effect, 0, 5);
  check_range("batch-effect", spec.batch_effect, 0, 5);
  check_range("dropout", spec.dropout, 0, 0.99);

  const auto genes = static_cast<std::size_t>(spec.genes);
  std::vector<double> expression(genes);
  inverse_.resize(genes);
  for (std::size_t g = 0; g < genes; ++g) {
    const auto words = random_.bits(gene_item, 0, static_cast<std::uint32_t>(g));
    expression[g] = std::exp(expression_spread * normal(words[0], words[1]));
    const double log_dispersion =
        std::log(spec.dispersion) + dispersion_spread * normal(words[2], words[3]);
    inverse_[g] = std::min(largest_inverse, std::exp(-log_dispersion));
  }
  shares_.resize(genes * static_cast<std::size_t>(spec.groups * spec.batches));
  std::size_t place = 0;
  for (Index k = 0; k < spec.groups; ++k) {
    for (Index b = 0; b < spec.batches; ++b) {
      double sum = 0;
      const std::size_t begin = place;
      for (std::size_t g = 0; g < genes; ++g, ++place) {
        const auto gene = static_cast<std::uint32_t>(g);
        const auto group = random_.bits(group_item, static_cast<std::uint32_t>(k), gene);
        const auto batch = random_.bits(batch_item, static_cast<std::uint32_t>(b), gene);
        double effect = spec.batch_effect * normal(batch[0], batch[1]);
        if (uniform(group[2]) < marker_share)
          effect += spec.group_effect * normal(group[0], group[1]);
        shares_[place] = expression[g] * std::exp(effect);
        sum += shares_[place];
      }
      for (std::size_t i = begin; i < place; ++i) shares_[i] /= sum;
    }
  }
}

CellCounts::Cell CellCounts::cell(Index number) const {
  const auto words = random_.bits(static_cast<std::uint64_t>(number), of_cell, 0);
  const auto pick = [](std::uint32_t word, Index count) {
    return static_cast<Index>(
        static_cast<std::uint64_t>(word) * static_cast<std::uint64_t>(count) >> 32U);
  };
  const double log_library =
      std::log(spec_.library) + spec_.library_spread * normal(words[2], words[3]);
  return {pick(words[0], spec_.groups), pick(words[1], spec_.batches),
          std::min(largest_library, std::exp(log_library))};
}

std::span<const double> CellCounts::shares(Index group, Index batch) const {
  const auto genes = static_cast<std::size_t>(spec_.genes);
  return std::span(shares_).subspan(static_cast<std::size_t>(group * spec_.batches + batch) * genes,
                                    genes);
}

void CellCounts::make(Index number, SparseBatch& counts, SparseBatch& dropped) const {
  const Cell of = cell(number);
  const auto share = shares(of.group, of.batch);
  const auto item = static_cast<std::uint64_t>(number);
  for (std::size_t first = 0; first < share.size(); first += 4) {
    const auto block = static_cast<std::uint32_t>(first / 4);
    const auto words = random_.bits(item, of_counts, block);
    for (std::size_t g = first; g < std::min(first + 4, share.size()); ++g) {
      const double mean = of.library * share[g];
      const double tail = uniform(words[g - first]);
      // P(X >= 1) <= mean: most counts are known to be 0 without their distribution.
      if (tail >= mean) continue;
      const double count = quantile(mean, inverse_[g], tail);
      if (count == 0) continue;
      const bool lost = spec_.dropout > 0 &&
                        uniform(random_.bits(item, of_dropout, block)[g - first]) < spec_.dropout;
      (lost ? dropped : counts).add(static_cast<Index>(g), static_cast<float>(count));
    }
  }
  counts.end_row();
  dropped.end_row();
}

}  // namespace hourglass
