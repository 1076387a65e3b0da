#include "analysis/feature_errors.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "engine/sum_over_ranks.hpp"
#include "math/exact_sum.hpp"
#include "nn/network.hpp"

namespace hourglass {

namespace {

constexpr std::size_t sums_per_feature = 2;

double difference(float reconstruction, float value) {
  return static_cast<double>(reconstruction) - static_cast<double>(value);
}

OddFeatures most_odd(Index row, std::span<const float> x, std::span<const float> y, Index count) {
  std::vector<Index> order;
  for (std::size_t f = 0; f < x.size(); ++f) {
    if (!std::isnan(x[f])) order.push_back(static_cast<Index>(f));
  }
  const auto error = [&](Index f) {
    const auto i = static_cast<std::size_t>(f);
    const double distance = difference(y[i], x[i]);
    return std::isnan(distance) ? -1 : distance * distance;
  };
  const auto shown = std::min(count, static_cast<Index>(order.size()));
  std::ranges::partial_sort(order, order.begin() + shown, [&](Index a, Index b) {
    const double first = error(a);
    const double second = error(b);
    return first > second || (first == second && a < b);
  });
  order.resize(static_cast<std::size_t>(shown));
  OddFeatures odd{row, order, {}, {}};
  for (const Index f : order) {
    odd.values.push_back(x[static_cast<std::size_t>(f)]);
    odd.reconstructions.push_back(y[static_cast<std::size_t>(f)]);
  }
  return odd;
}

}  // namespace

FeatureErrors feature_errors(const Communicator& communicator, const Model& model,
                             const DatasetReader& reader, const InputTransform& transform,
                             Index micro_batch, WorkerPool& pool) {
  const Autoencoder& network = *model.network;
  const InferencePlan plan{reader.info().rows(), micro_batch};
  const auto features = static_cast<std::size_t>(network.features());
  const auto workers = static_cast<std::size_t>(pool.size());
  std::vector<Workspace> workspaces;
  for (std::size_t w = 0; w < workers; ++w)
    workspaces.push_back(network.make_workspace(micro_batch));
  // By worker: of each feature the squared error and the error.
  std::vector<std::vector<std::int64_t>> present(workers, std::vector<std::int64_t>(features));
  std::vector<std::vector<ExactSum>> sums(workers,
                                          std::vector<ExactSum>(sums_per_feature * features));
  collectively(communicator, [&] {
    for_each_micro_batch(
        reader, transform, plan, plan.of_rank(communicator.rank(), communicator.size()), pool,
        [&](Index worker, Range rows, ConstMatrix x) {
          const auto w = static_cast<std::size_t>(worker);
          workspaces[w].set_conditions(conditions_of(model.row_conditions, plan.rows, rows));
          const ConstMatrix y = network.reconstruct(model.parameters.data(), x, workspaces[w]);
          for (Index r = 0; r < x.rows; ++r) {
            for (std::size_t f = 0; f < features; ++f) {
              if (std::isnan(x.row(r)[f])) continue;
              ++present[w][f];
              const double distance = difference(y.row(r)[f], x.row(r)[f]);
              sums[w][sums_per_feature * f].add(distance * distance);
              sums[w][sums_per_feature * f + 1].add(distance);
            }
          }
        });
  });
  std::vector<ExactSum>& total = sums.front();
  for (std::size_t w = 1; w < workers; ++w) {
    for (std::size_t i = 0; i < total.size(); ++i) total[i].add(sums[w][i]);
    for (std::size_t f = 0; f < features; ++f) present[0][f] += present[w][f];
  }
  sum_over_ranks(communicator, total);
  communicator.sum(std::span(present[0]));
  FeatureErrors errors;
  for (std::size_t f = 0; f < features; ++f) {
    const auto samples = static_cast<double>(std::max<std::int64_t>(1, present[0][f]));
    errors.mse.push_back(total[sums_per_feature * f].value() / samples);
    errors.bias.push_back(total[sums_per_feature * f + 1].value() / samples);
  }
  return errors;
}

std::vector<OddFeatures> odd_features(const Model& model, const DatasetReader& reader,
                                      const InputTransform& transform, Index micro_batch,
                                      Range which, Index count, WorkerPool& pool) {
  const Autoencoder& network = *model.network;
  const InferencePlan plan{reader.info().rows(), micro_batch};
  const Index first = std::min(plan.rows, which.begin * micro_batch);
  std::vector<OddFeatures> found(
      static_cast<std::size_t>(std::min(plan.rows, which.end * micro_batch) - first));
  std::vector<Workspace> workspaces;
  for (Index w = 0; w < pool.size(); ++w) workspaces.push_back(network.make_workspace(micro_batch));
  for_each_micro_batch(
      reader, transform, plan, which, pool, [&](Index worker, Range rows, ConstMatrix x) {
        Workspace& workspace = workspaces[static_cast<std::size_t>(worker)];
        workspace.set_conditions(conditions_of(model.row_conditions, plan.rows, rows));
        const ConstMatrix y = network.reconstruct(model.parameters.data(), x, workspace);
        for (Index r = 0; r < x.rows; ++r) {
          const Index row = rows.begin + r;
          found[static_cast<std::size_t>(row - first)] = most_odd(row, x.row(r), y.row(r), count);
        }
      });
  return found;
}

}  // namespace hourglass
