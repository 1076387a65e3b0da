#include "inference_output.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hourglass/io/dataset_writer.hpp"

namespace hourglass {

namespace {

// Bytes of rows that a rank computes before the ranks write together.
constexpr Index write_bytes = Index{32} << 20;

void copy_labels(const Communicator& communicator, const DatasetReader& labels, DatasetWriter& writer) {
  const DatasetInfo& info = labels.info();
  const Range rows = even_part(info.rows(), communicator.size(), communicator.rank());
  Buffer<std::byte> bytes(rows.size() * info.row_bytes());
  collectively(communicator, [&] { labels.read_rows(rows, bytes.span()); });
  writer.write_rows(1, rows, bytes.span());
}

}  // namespace

void write_inference(const Communicator& communicator, const ModelArguments& given, const DatasetReader& reader,
                     const OutputPlan& plan, const std::function<ConstMatrix(ConstMatrix, Workspace&)>& infer) {
  const InferencePlan micro_batches{reader.info().rows(), given.micro_batch};
  const Index rows = micro_batches.rows;
  const std::string group = plan.output.path == "/" ? "" : plan.output.path;
  std::vector<DatasetSpec> specs;
  specs.push_back({group + "/" + plan.name, {rows, plan.width}, ElementType::f32, 0, 0, {{"model", given.model.file.path}}});
  std::unique_ptr<DatasetReader> labels;
  if (plan.labels) {
    labels = open_everywhere(communicator, to_string(*plan.labels));
    specs.push_back({group + "/labels", labels->info().shape, labels->info().type, 0, 0, {}});
  }
  DatasetWriter writer(communicator, plan.output.file, specs);
  WorkerPool pool(given.threads);
  std::vector<Workspace> workspaces;
  for (Index w = 0; w < pool.size(); ++w) workspaces.push_back(given.model.network->make_workspace(given.micro_batch));

  const Range mine = micro_batches.of_rank(communicator.rank(), communicator.size());
  const Index row_bytes = plan.width * static_cast<Index>(sizeof(float));
  const Index round = std::max<Index>(1, write_bytes / (row_bytes * given.micro_batch));
  const Index rounds = communicator.max((mine.size() + round - 1) / round);
  Buffer<float> values(std::min(round, std::max<Index>(1, mine.size())) * given.micro_batch * plan.width);
  for (Index r = 0; r < rounds; ++r) {
    const Range part{std::min(mine.end, mine.begin + r * round), std::min(mine.end, mine.begin + (r + 1) * round)};
    const Range part_rows{std::min(rows, part.begin * given.micro_batch), std::min(rows, part.end * given.micro_batch)};
    collectively(communicator, [&] {
      for_each_micro_batch(reader, given.model.transform, micro_batches, part, pool,
                           [&](Index worker, Range batch_rows, ConstMatrix x) {
                             const ConstMatrix y = infer(x, workspaces[static_cast<std::size_t>(worker)]);
                             float* place = values.data() + (batch_rows.begin - part_rows.begin) * plan.width;
                             for (Index row = 0; row < y.rows; ++row) std::ranges::copy(y.row(row), place + row * plan.width);
                           });
    });
    writer.write_rows(0, part_rows, std::as_bytes(values.span()).first(static_cast<std::size_t>(part_rows.size() * row_bytes)));
  }
  if (labels) copy_labels(communicator, *labels, writer);
  writer.commit();
  if (communicator.is_root()) {
    fmt::print("{}:{} holds {} x {}{}\n", plan.output.file, specs.front().path, rows, plan.width,
               labels ? fmt::format("; labels in {}", specs.back().path) : "");
  }
}

}  // namespace hourglass
