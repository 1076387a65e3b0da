#include "analysis/code_statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "engine/inference.hpp"
#include "hourglass/core/error.hpp"
#include "math/exact_sum.hpp"
#include "model/unit_divergences.hpp"
#include "nn/network.hpp"

namespace hourglass {

namespace {

// Samples per Jacobian pass, which holds (samples x code units) rows as wide as the data.
constexpr Index jacobian_rows = 16;

// The sums of one worker.
struct Tally {
  ExactSum absolute;
  ExactSum active;
  ExactSum norms;
  std::vector<std::int64_t> used;
  UnitDivergences divergences;
};

class CodeMeter {
 public:
  CodeMeter(const Autoencoder& model, const CodeStatisticsOptions& options, Index micro_batch)
      : model_(model), options_(options), workspace_(model.make_workspace(micro_batch)) {
    tally.used.assign(static_cast<std::size_t>(model.code_size()), 0);
    tally.divergences = UnitDivergences(model.posterior_units());
    if (options.jacobian)
      jacobian_scratch_ = Buffer<float>(model.jacobian_scratch_floats(jacobian_rows));
  }

  void add(const float* parameters, ConstMatrix x, std::span<const std::int32_t> conditions) {
    workspace_.set_conditions(conditions);
    const ConstMatrix code = model_.encode(parameters, x, workspace_);
    for (Index r = 0; r < code.rows; ++r) {
      double absolute = 0;
      double active = 0;
      for (Index c = 0; c < code.columns; ++c) {
        const double size = std::fabs(static_cast<double>(code(r, c)));
        absolute += size;
        if (!(size > options_.threshold)) continue;
        active += 1;
        tally.used[static_cast<std::size_t>(c)] = 1;
      }
      tally.absolute.add(absolute);
      tally.active.add(active);
    }
    if (!tally.divergences.empty())
      tally.divergences.add(workspace_.output(model_.posterior_layer(), x.rows), {});
    if (options_.jacobian) add_jacobians(parameters, x);
  }

  Tally tally;

 private:
  void add_jacobians(const float* parameters, ConstMatrix x) {
    std::array<double, jacobian_rows> squares{};
    for (Index first = 0; first < x.rows; first += jacobian_rows) {
      const Index rows = std::min(jacobian_rows, x.rows - first);
      const ConstMatrix part(x.data + first * x.stride, rows, x.columns, x.stride);
      model_.squared_jacobian_norms(parameters, part, workspace_, jacobian_scratch_.span(),
                                    std::span(squares).first(static_cast<std::size_t>(rows)));
      for (Index r = 0; r < rows; ++r)
        tally.norms.add(std::sqrt(squares[static_cast<std::size_t>(r)]));
    }
  }

  const Autoencoder& model_;
  CodeStatisticsOptions options_;
  Workspace workspace_;
  Buffer<float> jacobian_scratch_;
};

}  // namespace

CodeStatistics code_statistics(const Communicator& communicator, const Autoencoder& model,
                               std::span<const float> parameters, const DatasetReader& reader,
                               const InputTransform& transform, Index micro_batch, WorkerPool& pool,
                               const CodeStatisticsOptions& options) {
  if (options.jacobian && !model.has_jacobian()) {
    throw Error(ErrorKind::usage,
                "--jacobian needs an encoder of dense layers only, without --layer-norm, "
                "--hidden-noise, --k-sparse, "
                "--variational and "
                "--code-noise-before",
                Reach::everywhere);
  }
  const InferencePlan plan{reader.info().rows(), micro_batch};
  std::vector<CodeMeter> meters;
  for (Index w = 0; w < pool.size(); ++w) meters.emplace_back(model, options, micro_batch);
  collectively(communicator, [&] {
    check_inputs(reader.info(), model);
    for_each_micro_batch(
        reader, transform, plan, plan.of_rank(communicator.rank(), communicator.size()), pool,
        [&](Index worker, Range rows, ConstMatrix x) {
          meters[static_cast<std::size_t>(worker)].add(
              parameters.data(), x, conditions_of(options.conditions, plan.rows, rows));
        });
  });
  Tally& total = meters.front().tally;
  for (std::size_t w = 1; w < meters.size(); ++w) {
    const Tally& other = meters[w].tally;
    total.absolute.add(other.absolute);
    total.active.add(other.active);
    total.norms.add(other.norms);
    total.divergences.add(other.divergences);
    for (std::size_t c = 0; c < total.used.size(); ++c) total.used[c] |= other.used[c];
  }
  for (ExactSum* sum : {&total.absolute, &total.active, &total.norms}) {
    sum->normalize();
    communicator.sum(sum->words());
  }
  communicator.sum(std::span(total.used));
  if (!total.divergences.empty()) communicator.sum(total.divergences.words());
  const auto samples = static_cast<double>(plan.rows);
  CodeStatistics result;
  result.mean_absolute = total.absolute.value() / samples / static_cast<double>(model.code_size());
  result.active_units = total.active.value() / samples;
  for (const std::int64_t used : total.used) result.units_used += used > 0 ? 1 : 0;
  result.unit_divergences = total.divergences.means(samples);
  if (options.jacobian) result.jacobian = total.norms.value() / samples;
  return result;
}

}  // namespace hourglass
