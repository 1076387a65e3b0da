#include "cli/window_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/window_means.hpp"
#include "data/original_units.hpp"
#include "hourglass/core/error.hpp"
#include "model/autoencoder.hpp"
#include "nn/network.hpp"

namespace hourglass {

namespace {

std::vector<Workspace> workspaces_of(const ModelArguments& given, const WorkerPool& pool) {
  std::vector<Workspace> workspaces;
  for (Index w = 0; w < pool.size(); ++w)
    workspaces.push_back(given.model.network->make_workspace(given.micro_batch));
  return workspaces;
}

}  // namespace

bool is_windowed(const DatasetReader& reader) {
  return reader.info().address.options.views.window > 0;
}

void write_step_scores(const Communicator& communicator, const ModelArguments& given,
                       const MatchedData& data, std::span<const double> units, WorkerPool& pool,
                       DatasetWriter& writer, std::size_t dataset) {
  const DatasetReader& reader = *data.reader;
  const Index length = reader.info().address.options.views.window;
  const Index channels = reader.info().features() / length;
  const Model& model = given.model;
  auto workspaces = workspaces_of(given, pool);
  const auto compute = [&](Index worker, Range rows, ConstMatrix x, std::span<double> values) {
    const ConstMatrix y = model.network->reconstruct(model.parameters.data(), x,
                                                     workspaces[static_cast<std::size_t>(worker)]);
    std::size_t place = 0;
    for (Index r = 0; r < x.rows; ++r) {
      const auto in = x.row(r);
      const auto out = y.row(r);
      for (std::size_t begin = 0; begin < in.size(); begin += static_cast<std::size_t>(channels)) {
        double sum = 0;
        for (std::size_t c = begin; c < begin + static_cast<std::size_t>(channels); ++c) {
          if (std::isnan(in[c])) continue;
          const double difference = static_cast<double>(out[c]) - static_cast<double>(in[c]);
          const double scaled = units.empty() ? difference : difference * units[c];
          sum += scaled * scaled;
        }
        if (!std::isfinite(sum)) {
          throw Error(ErrorKind::data, fmt::format("{}: the model's reconstruction is not finite",
                                                   reader.where(rows.begin + r)));
        }
        values[place++] = sum;
      }
    }
  };
  average_over_windows(communicator, reader, data.transform, given.micro_batch, pool, {1, compute},
                       [&](Range steps, std::span<const double> means) {
                         writer.write_rows(dataset, steps, std::as_bytes(means));
                       });
}

void write_series_reconstruction(const Communicator& communicator, const ModelArguments& given,
                                 const MatchedData& data, const OutputPlan& plan,
                                 const std::function<ConstMatrix(ConstMatrix, Workspace&)>& infer) {
  const DatasetReader& reader = *data.reader;
  const Index length = reader.info().address.options.views.window;
  const Index channels = reader.info().features() / length;
  const bool wide = plan.original_units && needs_double(reader.info().type);
  // N x L x ... windows are of a series T x ...
  std::vector<Index> shape = reader.info().shape;
  shape.erase(shape.begin() + 1);
  shape.front() = reader.time_steps();
  const std::string path = (plan.output.path == "/" ? "" : plan.output.path) + "/" + plan.name;
  DatasetWriter writer(communicator, plan.output.file,
                       {{path,
                         shape,
                         wide ? ElementType::f64 : ElementType::f32,
                         0,
                         0,
                         {{"model", given.model.file.path}}}});
  WorkerPool pool(given.threads);
  auto workspaces = workspaces_of(given, pool);
  const auto compute = [&](Index worker, Range, ConstMatrix x, std::span<double> values) {
    const ConstMatrix y = infer(x, workspaces[static_cast<std::size_t>(worker)]);
    std::size_t place = 0;
    for (Index r = 0; r < y.rows; ++r) {
      const auto row = y.row(r);
      for (std::size_t c = 0; c < row.size(); ++c) {
        values[place++] = plan.original_units ? original_value(data.transform, c, row[c])
                                              : static_cast<double>(row[c]);
      }
    }
  };
  std::vector<float> narrow;
  average_over_windows(
      communicator, reader, data.transform, given.micro_batch, pool, {channels, compute},
      [&](Range steps, std::span<const double> means) {
        narrow.assign(means.begin(), means.end());
        writer.write_rows(0, steps, wide ? std::as_bytes(means) : std::as_bytes(std::span(narrow)));
      });
  writer.commit();
  if (communicator.is_root()) {
    fmt::print("{}:{} holds the series, {} x {}: means over the windows that cover a time step\n",
               plan.output.file, path, reader.time_steps(), channels);
  }
}

}  // namespace hourglass
