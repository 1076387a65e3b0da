#include "cli/table_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "data/columns_of.hpp"
#include "data/table_text.hpp"
#include "engine/inference.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

namespace {

constexpr Index values_per_round = Index{1} << 20;  // of each rank, between two gatherings

std::vector<Column> columns_to_write(const Model& model, const DatasetInfo& info) {
  if (!model.config.columns.empty()) return model.config.columns;
  std::vector<std::string> names = info.feature_names;
  for (Index f = static_cast<Index>(names.size()); f < info.features(); ++f)
    names.push_back(std::to_string(f + 1));
  return number_columns(names);
}

}  // namespace

void write_table(const Communicator& communicator, const ModelArguments& given,
                 const MatchedData& data, const std::string& path,
                 const std::function<ConstMatrix(ConstMatrix, Workspace&)>& infer) {
  const DatasetReader& reader = *data.reader;
  std::optional<AtomicFile> file;
  std::optional<TableText> table;
  collectively(communicator, [&] {
    check_columns(reader.info(), given.model.config.columns, given.model.file.path);
    table.emplace(columns_to_write(given.model, reader.info()), given.model.transform);
    if (!communicator.is_root()) return;
    require_new(path);
    file.emplace(path);
    file->write(table->header());
  });
  const InferencePlan plan{reader.info().rows(), given.micro_batch, true};
  WorkerPool pool(given.threads);
  std::vector<Workspace> workspaces;
  for (Index w = 0; w < pool.size(); ++w)
    workspaces.push_back(given.model.network->make_workspace(given.micro_batch));
  // In each round the ranks take neighbouring parts of the rows, so that their texts follow one
  // another.
  const Index each = std::max<Index>(
      1, values_per_round / (given.micro_batch * std::max<Index>(1, reader.info().features())));
  const Index round = each * communicator.size();
  for (Index first = 0; first < plan.micro_batches(); first += round) {
    const Index count = std::min(round, plan.micro_batches() - first);
    const Range mine = even_part(count, communicator.size(), communicator.rank());
    std::vector<std::string> texts(static_cast<std::size_t>(mine.size()));
    collectively(communicator, [&] {
      for_each_micro_batch(
          reader, data.transform, plan, {first + mine.begin, first + mine.end}, pool,
          [&](Index worker, Range rows, ConstMatrix x) {
            Workspace& workspace = workspaces[static_cast<std::size_t>(worker)];
            workspace.set_conditions(conditions_of(given.model.row_conditions, plan.rows, rows));
            const ConstMatrix y = infer(x, workspace);
            std::string& text =
                texts[static_cast<std::size_t>(rows.begin / plan.micro_batch - first - mine.begin)];
            for (Index row = 0; row < rows.size(); ++row) table->append(y.row(row), text);
          });
    });
    std::string text;
    for (const std::string& part : texts) text += part;
    const std::vector<std::string> all = communicator.all_gather(text);
    collectively(communicator, [&] {
      for (const std::string& part : all) {
        if (file) file->write(part);
      }
    });
  }
  collectively(communicator, [&] {
    if (file) file->commit();
  });
  if (communicator.is_root()) {
    fmt::print("{} holds {} rows of {} columns\n", path, plan.rows, table->columns().size());
  }
}

}  // namespace hourglass
