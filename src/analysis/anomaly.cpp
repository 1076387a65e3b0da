#include "analysis/anomaly.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>

#include "hourglass/core/error.hpp"
#include "math/squared_distance.hpp"
#include "model/paired_target.hpp"
#include "nn/count_terms.hpp"
#include "nn/network.hpp"

namespace hourglass {

namespace {

// As present_squared_distance().
double squared_distance_in(std::span<const double> units, std::span<const float> y,
                           std::span<const float> x) {
  double sum = 0;
  std::size_t there = 0;
  for (std::size_t f = 0; f < x.size(); ++f) {
    if (std::isnan(x[f])) continue;  // missing
    ++there;
    const double distance = (static_cast<double>(y[f]) - static_cast<double>(x[f])) * units[f];
    sum += distance * distance;
  }
  if (there == 0) return 0;
  return sum * (static_cast<double>(x.size()) / static_cast<double>(there));
}

// As count_terms(), added up in the order of the features.
double likelihood_loss(CountDistribution distribution, ConstMatrix x, ConstMatrix y, Index row,
                       std::vector<double>& terms) {
  terms.resize(static_cast<std::size_t>(x.columns));
  count_terms(distribution, x.row(row), y.data + row * y.stride, terms);
  return std::accumulate(terms.begin(), terms.end(), 0.0);
}

}  // namespace

SampleErrors sample_errors(const Communicator& communicator, const Model& model,
                           const DatasetReader& reader, const InputTransform& transform,
                           Index micro_batch, WorkerPool& pool, std::span<const double> units) {
  const Autoencoder& network = *model.network;
  const AutoencoderSpec& spec = network.spec();
  const auto distribution = units.empty() ? distribution_of(spec.loss, spec.output_activation)
                                          : std::optional<CountDistribution>();
  const InferencePlan plan{reader.info().rows(), micro_batch, true};
  const Range mine = plan.of_rank(communicator.rank(), communicator.size());
  SampleErrors errors;
  errors.rows = {std::min(plan.rows, mine.begin * micro_batch),
                 std::min(plan.rows, mine.end * micro_batch)};
  collectively(communicator, [&] {
    check_features(reader.info(), network.sample_width());
    errors.values.resize(static_cast<std::size_t>(errors.rows.size()));
    std::vector<Workspace> workspaces;
    for (Index w = 0; w < pool.size(); ++w)
      workspaces.push_back(network.make_workspace(micro_batch));
    for_each_micro_batch(
        reader, transform, plan, mine, pool, [&](Index worker, Range rows, ConstMatrix x) {
          Workspace& workspace = workspaces[static_cast<std::size_t>(worker)];
          workspace.set_conditions(conditions_of(model.row_conditions, plan.rows, rows));
          const ConstMatrix y = network.reconstruct(model.parameters.data(), x, workspace);
          std::vector<double> terms;
          const ConstMatrix target = target_of(network.spec(), x);
          for (Index r = 0; r < rows.size(); ++r) {
            const double sum = distribution ? likelihood_loss(*distribution, target, y, r, terms)
                               : units.empty()
                                   ? present_squared_distance(y.row(r), target.row(r))
                                   : squared_distance_in(units, y.row(r), target.row(r));
            if (!std::isfinite(sum)) {
              throw Error(ErrorKind::data,
                          fmt::format("{}: the model's reconstruction is not finite",
                                      reader.where(rows.begin + r)));
            }
            errors.values[static_cast<std::size_t>(rows.begin + r - errors.rows.begin)] = sum;
          }
        });
  });
  return errors;
}

std::string meaning_of_scores(const Model& model, bool in_units) {
  if (in_units) return "squared error in the units of the data, summed over features";
  const AutoencoderSpec& spec = model.network->spec();
  return distribution_of(spec.loss, spec.output_activation)
             ? "-ln of the probability of the counts (nats), summed over features"
             : "squared error, summed over features";
}

double quantile(const Communicator& communicator, std::vector<double> mine, double q) {
  std::ranges::sort(mine);
  std::int64_t count = static_cast<std::int64_t>(mine.size());
  communicator.sum(std::span(&count, 1));
  require(count > 0, "a quantile of no values");
  // Doubles that are not negative are ordered like their bits. Finds the smallest double that more
  // than k values do not exceed.
  const auto value_of_rank = [&](std::int64_t k) {
    std::uint64_t low = 0;
    std::uint64_t high = std::bit_cast<std::uint64_t>(HUGE_VAL);
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      std::int64_t below =
          std::ranges::upper_bound(mine, std::bit_cast<double>(middle)) - mine.begin();
      communicator.sum(std::span(&below, 1));
      if (below > k) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return std::bit_cast<double>(low);
  };
  const double place = q * static_cast<double>(count - 1);
  const auto k = static_cast<std::int64_t>(place);
  const double lower = value_of_rank(k);
  const double rest = place - static_cast<double>(k);
  return rest == 0 ? lower : lower + rest * (value_of_rank(k + 1) - lower);
}

Detection detection(std::span<const double> scores, std::span<const std::uint8_t> positive) {
  require(scores.size() == positive.size(), "one label for each score");
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  Detection result;
  result.positives = std::ranges::count_if(positive, [](std::uint8_t p) { return p != 0; });
  result.negatives = static_cast<Index>(scores.size()) - result.positives;
  if (result.positives == 0 || result.negatives == 0) {
    throw Error(ErrorKind::data, result.positives == 0
                                     ? "no sample has the label of an anomaly"
                                     : "every sample has the label of an anomaly");
  }
  Index true_positives = 0;
  Index seen = 0;
  double pairs = 0;  // whole and half numbers: exact far beyond the size of any data set
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    Index group = 0;
    for (; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end)
      group += positive[order[end]] != 0 ? 1 : 0;
    const auto size = static_cast<Index>(end - begin);
    const Index negatives_above = seen - true_positives;
    const Index negatives_below = result.negatives - negatives_above - (size - group);
    pairs += static_cast<double>(group) *
             (static_cast<double>(negatives_below) + 0.5 * static_cast<double>(size - group));
    true_positives += group;
    seen += size;
    result.average_precision += static_cast<double>(group) / static_cast<double>(result.positives) *
                                static_cast<double>(true_positives) / static_cast<double>(seen);
    begin = end;
  }
  result.auroc =
      pairs / static_cast<double>(result.positives) / static_cast<double>(result.negatives);
  return result;
}

}  // namespace hourglass
