#include "analysis/column_errors.hpp"

#include <algorithm>
#include <cmath>

#include "data/columns_of.hpp"
#include "data/table_text.hpp"
#include "engine/inference.hpp"
#include "engine/sum_over_ranks.hpp"
#include "math/exact_sum.hpp"

namespace hourglass {

namespace {

/// Of one worker, by column.
struct Sums {
  explicit Sums(std::size_t columns) : errors(columns), rows(columns) {}
  std::vector<ExactSum> errors;
  std::vector<ExactSum> rows;
};

bool is_known(std::span<const float> sample, const Column& column) {
  for (Index f = column.features.begin; f < column.features.end; ++f) {
    if (sample[static_cast<std::size_t>(f)] > 0.5F) return true;
  }
  return false;
}

void add_row(const TableText& table, std::span<const float> sample, std::span<const float> output,
             Sums& sums) {
  const std::vector<Column>& columns = table.columns();
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const Column& column = columns[c];
    const Index first = column.features.begin;
    if (!std::isfinite(sample[static_cast<std::size_t>(first)])) continue;  // missing
    double error = 0;
    if (column.kind == ColumnKind::category) {
      if (!is_known(sample, column)) continue;
      error =
          TableText::category_of(sample, column) == TableText::category_of(output, column) ? 0 : 1;
    } else if (column.kind == ColumnKind::boolean) {
      error =
          (table.original(sample, first) >= 0.5) == (table.original(output, first) >= 0.5) ? 0 : 1;
    } else {
      const double difference = table.original(output, first) - table.original(sample, first);
      error = difference * difference;
    }
    sums.errors[c].add(error);
    sums.rows[c].add(1);
  }
}

std::vector<ColumnError> means_of(const std::vector<Column>& columns, const Sums& total) {
  std::vector<ColumnError> result;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const double rows = total.rows[c].value();
    const double mean = rows > 0 ? total.errors[c].value() / rows : 0;
    const bool share =
        columns[c].kind == ColumnKind::category || columns[c].kind == ColumnKind::boolean;
    result.push_back({&columns[c], share ? mean : std::sqrt(mean), static_cast<Index>(rows)});
  }
  return result;
}

}  // namespace

std::vector<ColumnError> column_errors(const Communicator& communicator, const Model& model,
                                       const DatasetReader& reader, const InputTransform& transform,
                                       Index micro_batch, WorkerPool& pool) {
  const std::vector<Column>& columns = model.config.columns;
  if (columns.empty()) return {};
  const TableText table(columns, model.transform);
  const InferencePlan plan{reader.info().rows(), micro_batch};
  const auto workers = static_cast<std::size_t>(pool.size());
  std::vector<Workspace> workspaces;
  for (std::size_t w = 0; w < workers; ++w)
    workspaces.push_back(model.network->make_workspace(micro_batch));
  std::vector<Sums> sums(workers, Sums(columns.size()));
  collectively(communicator, [&] {
    check_features(reader.info(), model.network->features());
    check_columns(reader.info(), columns, model.file.path);
    for_each_micro_batch(
        reader, transform, plan, plan.of_rank(communicator.rank(), communicator.size()), pool,
        [&](Index worker, Range rows, ConstMatrix x) {
          const auto w = static_cast<std::size_t>(worker);
          workspaces[w].set_conditions(conditions_of(model.row_conditions, plan.rows, rows));
          const ConstMatrix y =
              model.network->reconstruct(model.parameters.data(), x, workspaces[w]);
          for (Index row = 0; row < x.rows; ++row) add_row(table, x.row(row), y.row(row), sums[w]);
        });
  });
  Sums& total = sums.front();
  for (std::size_t w = 1; w < workers; ++w) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      total.errors[c].add(sums[w].errors[c]);
      total.rows[c].add(sums[w].rows[c]);
    }
  }
  sum_over_ranks(communicator, total.errors);
  sum_over_ranks(communicator, total.rows);
  return means_of(columns, total);
}

std::vector<ColumnError> column_errors(const Model& model, const InputTransform& transform,
                                       ConstMatrix samples, ConstMatrix reconstructions) {
  const std::vector<Column>& columns = model.config.columns;
  const TableText table(columns, transform);
  Sums sums(columns.size());
  for (Index row = 0; row < samples.rows; ++row)
    add_row(table, samples.row(row), reconstructions.row(row), sums);
  return means_of(columns, sums);
}

}  // namespace hourglass
