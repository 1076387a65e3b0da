#include "analysis/feature_errors.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>

#include "data/columns_of.hpp"
#include "data/table_text.hpp"
#include "engine/sum_over_ranks.hpp"
#include "math/exact_sum.hpp"
#include "model/paired_target.hpp"
#include "nn/count_terms.hpp"
#include "nn/network.hpp"

namespace hourglass {

namespace {

constexpr std::size_t sums_per_feature = 2;

double difference(float reconstruction, float value) {
  return static_cast<double>(reconstruction) - static_cast<double>(value);
}

/// Adds to the count, and to the sums of squared error and error, of each feature.
void add_errors(ConstMatrix x, ConstMatrix y, std::vector<std::int64_t>& present,
                std::vector<ExactSum>& sums) {
  for (Index r = 0; r < x.rows; ++r) {
    for (std::size_t f = 0; f < present.size(); ++f) {
      if (std::isnan(x.row(r)[f])) continue;
      ++present[f];
      const double distance = difference(y.row(r)[f], x.row(r)[f]);
      sums[sums_per_feature * f].add(distance * distance);
      sums[sums_per_feature * f + 1].add(distance);
    }
  }
}

FeatureErrors means_of(const std::vector<std::int64_t>& present,
                       const std::vector<ExactSum>& sums) {
  FeatureErrors errors;
  for (std::size_t f = 0; f < present.size(); ++f) {
    const auto samples = static_cast<double>(std::max<std::int64_t>(1, present[f]));
    errors.mse.push_back(sums[sums_per_feature * f].value() / samples);
    errors.bias.push_back(sums[sums_per_feature * f + 1].value() / samples);
  }
  return errors;
}

/// Squared errors of a sample's features, NaN where they are missing; of a model of counts the
/// losses of the features.
void find_errors(std::optional<CountDistribution> distribution, std::span<const float> x,
                 const float* outputs, std::vector<double>& errors) {
  errors.resize(x.size());
  if (distribution) {
    count_terms(*distribution, x, outputs, errors);
    return;
  }
  for (std::size_t f = 0; f < x.size(); ++f) {
    const double distance = difference(outputs[f], x[f]);
    errors[f] = distance * distance;
  }
}

OddFeatures most_odd(Index row, std::span<const float> x, std::span<const float> y,
                     std::span<const double> errors, Index count) {
  std::vector<Index> order;
  for (std::size_t f = 0; f < x.size(); ++f) {
    if (!std::isnan(x[f])) order.push_back(static_cast<Index>(f));
  }
  const auto error = [&](Index f) {
    const auto i = static_cast<std::size_t>(f);
    return std::isnan(errors[i]) ? -1 : errors[i];
  };
  const auto shown = std::min(count, static_cast<Index>(order.size()));
  std::ranges::partial_sort(order, order.begin() + shown, [&](Index a, Index b) {
    const double first = error(a);
    const double second = error(b);
    return first > second || (first == second && a < b);
  });
  order.resize(static_cast<std::size_t>(shown));
  OddFeatures odd{row, order, {}, {}, {}};
  for (const Index f : order) {
    odd.values.push_back(x[static_cast<std::size_t>(f)]);
    odd.reconstructions.push_back(y[static_cast<std::size_t>(f)]);
  }
  return odd;
}

/// Squared errors of a sample by column; below 0 where it is missing.
std::vector<double> errors_by_column(const std::vector<Column>& columns, std::span<const float> x,
                                     std::span<const float> y) {
  std::vector<double> errors;
  for (const Column& column : columns) {
    double sum = 0;
    for (Index f = column.features.begin; f < column.features.end; ++f) {
      const auto i = static_cast<std::size_t>(f);
      sum += std::isnan(x[i]) ? 0 : difference(y[i], x[i]) * difference(y[i], x[i]);
    }
    errors.push_back(std::isnan(x[static_cast<std::size_t>(column.features.begin)]) ? -1 : sum);
  }
  return errors;
}

OddFeatures most_odd_columns(Index row, std::span<const float> x, std::span<const float> y,
                             Index count, const TableText& table) {
  const std::vector<double> errors = errors_by_column(table.columns(), x, y);
  OddFeatures odd{row, {}, {}, {}, {}};
  for (std::size_t c = 0; c < errors.size(); ++c) {
    if (errors[c] >= 0) odd.features.push_back(static_cast<Index>(c));
  }
  std::ranges::stable_sort(odd.features, std::ranges::greater{},
                           [&](Index c) { return errors[static_cast<std::size_t>(c)]; });
  odd.features.resize(std::min(odd.features.size(), static_cast<std::size_t>(count)));
  for (const Index column : odd.features) {
    const auto c = static_cast<std::size_t>(column);
    odd.cells.push_back(
        {table.columns()[c].kind == ColumnKind::number, table.cell(x, c), table.cell(y, c)});
  }
  return odd;
}

}  // namespace

std::vector<std::string> names_of_features(const Model& model, const DatasetInfo& data) {
  const auto features = static_cast<std::size_t>(model.network->outputs());
  if (model.identity && model.identity->feature_names.size() == features)
    return model.identity->feature_names;
  if (data.feature_names.size() == features) return data.feature_names;
  std::vector<std::string> numbers;
  for (std::size_t f = 0; f < features; ++f) numbers.push_back(std::to_string(f));
  return numbers;
}

std::vector<std::string> names_of_columns(const Model& model, const DatasetInfo& data) {
  if (model.config.columns.empty()) return names_of_features(model, data);
  std::vector<std::string> names;
  for (const Column& column : model.config.columns) names.push_back(column.name);
  return names;
}

FeatureErrors feature_errors(const Communicator& communicator, const Model& model,
                             const DatasetReader& reader, const InputTransform& transform,
                             Index micro_batch, WorkerPool& pool) {
  const Autoencoder& network = *model.network;
  const InferencePlan plan{reader.info().rows(), micro_batch};
  const auto features = static_cast<std::size_t>(network.outputs());
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
          add_errors(target_of(network.spec(), x), y, present[w], sums[w]);
        });
  });
  std::vector<ExactSum>& total = sums.front();
  for (std::size_t w = 1; w < workers; ++w) {
    for (std::size_t i = 0; i < total.size(); ++i) total[i].add(sums[w][i]);
    for (std::size_t f = 0; f < features; ++f) present[0][f] += present[w][f];
  }
  sum_over_ranks(communicator, total);
  communicator.sum(std::span(present[0]));
  return means_of(present[0], total);
}

FeatureErrors feature_errors(ConstMatrix samples, ConstMatrix reconstructions) {
  const auto features = static_cast<std::size_t>(samples.columns);
  std::vector<std::int64_t> present(features);
  std::vector<ExactSum> sums(sums_per_feature * features);
  add_errors(samples, reconstructions, present, sums);
  return means_of(present, sums);
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
  const std::vector<Column>& columns = model.config.columns;
  check_columns(reader.info(), columns, model.file.path);
  const TableText table(columns, transform);
  const auto distribution = distribution_of(network.spec().loss, network.spec().output_activation);
  for_each_micro_batch(
      reader, transform, plan, which, pool, [&](Index worker, Range rows, ConstMatrix x) {
        Workspace& workspace = workspaces[static_cast<std::size_t>(worker)];
        workspace.set_conditions(conditions_of(model.row_conditions, plan.rows, rows));
        const ConstMatrix y = network.reconstruct(model.parameters.data(), x, workspace);
        std::vector<double> errors;
        const ConstMatrix target = target_of(network.spec(), x);
        for (Index r = 0; r < x.rows; ++r) {
          const Index row = rows.begin + r;
          if (columns.empty())
            find_errors(distribution, target.row(r), y.data + r * y.stride, errors);
          found[static_cast<std::size_t>(row - first)] =
              columns.empty() ? most_odd(row, target.row(r), y.row(r), errors, count)
                              : most_odd_columns(row, x.row(r), y.row(r), count, table);
        }
      });
  return found;
}

}  // namespace hourglass
