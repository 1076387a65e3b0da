#include "cli/inference_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "core/channel_order.hpp"
#include "data/original_units.hpp"
#include "hdf5/dataset_writer.hpp"
#include "import/anndata_layout.hpp"

namespace hourglass {

namespace {

// Bytes of rows computed per rank between two collective writes.
constexpr Index write_bytes = Index{32} << 20;
// The limit of an attribute; longer lists of class names are not written.
constexpr std::size_t most_listed_texts = 4000;

void copy_labels(const Communicator& communicator, const DatasetReader& labels,
                 DatasetWriter& writer) {
  const DatasetInfo& info = labels.info();
  const Range rows = even_part(info.rows(), communicator.size(), communicator.rank());
  Buffer<std::byte> bytes(rows.size() * info.row_bytes());
  collectively(communicator, [&] { labels.read_rows(rows, bytes.span()); });
  writer.write_rows(1, rows, bytes.span());
}

/// Values of the network to `target`, in the units of the data.
void store_original(const InputTransform& transform, std::span<const float> row, bool wide,
                    std::byte* target) {
  for (std::size_t c = 0; c < row.size(); ++c) {
    const double value = original_value(transform, c, row[c]);
    const auto narrow = static_cast<float>(value);
    const std::size_t bytes = wide ? sizeof(value) : sizeof(narrow);
    std::memcpy(target, wide ? static_cast<const void*>(&value) : &narrow, bytes);
    target += bytes;
  }
}

void pack_bits(std::span<const float> units, std::byte* bits) {
  std::fill_n(bits, (units.size() + 7) / 8, std::byte{0});
  for (std::size_t j = 0; j < units.size(); ++j) {
    if (units[j] > 0.5F) bits[j / 8] |= std::byte{1} << (j % 8);
  }
}

}  // namespace

void write_inference(const Communicator& communicator, const ModelArguments& given,
                     const MatchedData& data, const OutputPlan& plan,
                     const std::function<ConstMatrix(ConstMatrix, Workspace&)>& infer) {
  const InferencePlan micro_batches{data.reader->info().rows(), given.micro_batch, true};
  const Index rows = micro_batches.rows;
  const std::string group = plan.output.path == "/" ? "" : plan.output.path;
  std::vector<DatasetSpec> specs;
  const Index columns = plan.binarize ? (plan.width + 7) / 8 : plan.width;
  const DatasetInfo& info = data.reader->info();
  const bool wide = plan.original_units && needs_double(info.type);
  const ElementType type = plan.binarize ? ElementType::u8
                           : wide        ? ElementType::f64
                                         : ElementType::f32;
  FileFrame frame;
  if (plan.anndata_source.empty()) {
    specs.push_back(
        {group + "/" + plan.name, {rows, columns}, type, 0, 0, {{"model", given.model.file.path}}});
  } else {
    AnnDataLayout layout = AnnDataLayout::of_copy(plan.anndata_source);
    static_cast<void>(layout.add_array(plan.name, {rows, columns}, type));
    layout.describe(plan.name, "model", given.model.file.path);
    specs = layout.datasets();
    frame = layout.frame();
  }
  const InputTransform outputs = given.model.outputs_of(data);
  std::unique_ptr<DatasetReader> labels;
  std::map<std::string, std::vector<std::string>> names;
  if (!plan.class_names.empty() && plan.class_names.size() <= most_listed_texts)
    names["class_names"] = plan.class_names;
  if (plan.labels) {
    labels = open_everywhere(communicator, to_string(*plan.labels), plan.labels->options);
    specs.push_back(
        {group + "/labels", labels->info().shape, labels->info().type, 0, 0, {}, names});
  } else if (plan.numbered) {
    specs.push_back({group + "/labels", {rows}, ElementType::i64, 0, 0, {}, names});
  }
  DatasetWriter writer(communicator, plan.output.file, specs, frame);
  WorkerPool pool(given.threads);
  std::vector<Workspace> workspaces;
  for (Index w = 0; w < pool.size(); ++w)
    workspaces.push_back(given.model.network->make_workspace(given.micro_batch));

  const Range mine = micro_batches.of_rank(communicator.rank(), communicator.size());
  const Index row_bytes = columns * size_of(type);
  const Index round = std::max<Index>(1, write_bytes / (row_bytes * given.micro_batch));
  const Index rounds = communicator.max((mine.size() + round - 1) / round);
  Buffer<std::byte> values(std::min(round, std::max<Index>(1, mine.size())) * given.micro_batch *
                           row_bytes);
  Buffer<std::byte> reordered(plan.leading_channels > 1 ? pool.size() * row_bytes : 0);
  for (Index r = 0; r < rounds; ++r) {
    const Range part{std::min(mine.end, mine.begin + r * round),
                     std::min(mine.end, mine.begin + (r + 1) * round)};
    const Range part_rows{std::min(rows, part.begin * given.micro_batch),
                          std::min(rows, part.end * given.micro_batch)};
    collectively(communicator, [&] {
      for_each_micro_batch(
          *data.reader, data.transform, micro_batches, part, pool,
          [&](Index worker, Range batch_rows, ConstMatrix x) {
            Workspace& workspace = workspaces[static_cast<std::size_t>(worker)];
            workspace.set_conditions(conditions_of(given.model.row_conditions, rows, batch_rows));
            const ConstMatrix y = infer(x, workspace);
            std::byte* place = values.data() + (batch_rows.begin - part_rows.begin) * row_bytes;
            for (Index row = 0; row < batch_rows.size(); ++row, place += row_bytes) {
              if (plan.binarize) {
                pack_bits(y.row(row), place);
                continue;
              }
              // In the network's order first.
              std::byte* const as_network =
                  plan.leading_channels > 1 ? reordered.data() + worker * row_bytes : place;
              if (plan.original_units) {
                store_original(outputs, y.row(row), wide, as_network);
              } else {
                std::memcpy(as_network, y.row(row).data(), static_cast<std::size_t>(row_bytes));
              }
              if (plan.leading_channels > 1) {
                to_channels_first(
                    {plan.leading_channels, plan.width / plan.leading_channels, size_of(type)},
                    {as_network, static_cast<std::size_t>(row_bytes)},
                    {place, static_cast<std::size_t>(row_bytes)});
              }
            }
          });
    });
    writer.write_rows(0, part_rows,
                      values.span().first(static_cast<std::size_t>(part_rows.size() * row_bytes)));
  }
  if (labels) {
    copy_labels(communicator, *labels, writer);
  } else if (plan.numbered) {
    const Range part = even_part(rows, communicator.size(), communicator.rank());
    writer.write_rows(1, part,
                      std::as_bytes(std::span(plan.numbered->values)
                                        .subspan(static_cast<std::size_t>(part.begin),
                                                 static_cast<std::size_t>(part.size()))));
  }
  writer.commit();
  if (communicator.is_root()) {
    fmt::print("{}:{} holds {} x {}{}\n", plan.output.file, specs.front().path, rows, columns,
               specs.size() > 1 ? fmt::format("; labels in {}", specs.back().path) : "");
  }
}

}  // namespace hourglass
