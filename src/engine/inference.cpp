#include "engine/inference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <exception>
#include <limits>
#include <mutex>

#include "core/activity.hpp"
#include "data/count_statistics.hpp"
#include "data/finite_rows.hpp"
#include "engine/sum_over_ranks.hpp"
#include "hourglass/core/error.hpp"
#include "math/exact_sum.hpp"
#include "model/autoencoder.hpp"
#include "model/unit_divergences.hpp"
#include "nn/loss.hpp"
#include "nn/network.hpp"

namespace hourglass {

void for_each_micro_batch(const DatasetReader& reader, const InputTransform& transform,
                          const InferencePlan& plan, Range which, WorkerPool& pool,
                          const std::function<void(Index, Range, ConstMatrix)>& visit) {
  const DatasetInfo& info = reader.info();
  const Index features = info.features();
  std::atomic<Index> next{which.begin};
  std::mutex failure_mutex;
  std::exception_ptr failure;
  pool.run([&](Index worker) {
    try {
      Buffer<std::byte> stored;
      Buffer<float> samples(plan.micro_batch * features);
      for (Index index = next++; index < which.end; index = next++) {
        const Range rows = plan.rows_of(index);
        const Range steps = info.steps.of(rows);
        const Index bytes = steps.size() * info.step_bytes();
        if (stored.size() < bytes) stored = Buffer<std::byte>(bytes);
        read_finite_steps(reader, {&steps, 1}, stored.span().first(static_cast<std::size_t>(bytes)),
                          transform.missing);
        const Matrix x(samples.data(), plan.filled ? plan.micro_batch : rows.size(), features);
        for (Index r = 0; r < rows.size(); ++r) {
          const Index offset = info.steps.first(rows.begin + r) - steps.begin;
          convert_row(info.type, stored.data() + offset * info.step_bytes(), transform, x.row(r));
          if (transform.counts) check_counts(reader, rows.begin + r, x.row(r));
        }
        for (Index r = rows.size(); r < x.rows; ++r) std::ranges::fill(x.row(r), 0.0F);
        visit(worker, rows, x);
        activity::tick();
      }
    } catch (...) {
      const std::lock_guard lock(failure_mutex);
      if (!failure) failure = std::current_exception();
      next = which.end;
    }
  });
  if (failure) std::rethrow_exception(failure);
}

namespace {

// Names the first sample of a micro-batch whose likelihood is not finite, and the first such
// feature.
[[noreturn]] void refuse_non_finite(const Autoencoder& model, std::span<const float> parameters,
                                    const DatasetReader& reader, Index first, ConstMatrix x,
                                    Workspace& workspace) {
  for (Index r = 0; r < x.rows; ++r) {
    const ConstMatrix sample(x.data + r * x.stride, 1, x.columns);
    if (std::isfinite(model.evaluate(parameters.data(), sample, workspace).loss)) continue;
    const std::span<const float> means =
        model.reconstruct(parameters.data(), sample, workspace).row(0);
    const auto bad = std::ranges::find_if(means, [](float mean) { return !std::isfinite(mean); });
    const Index feature = bad == means.end() ? 0 : bad - means.begin();
    const ElementPlace place = reader.place(first + r, feature);
    throw Error(ErrorKind::data,
                fmt::format("{}: the likelihood of its counts is not finite, first that of {}",
                            place.row, feature_text(reader.info(), place.feature, feature)));
  }
  throw Error(ErrorKind::bug, "internal error: a likelihood that is not finite, of no sample");
}

}  // namespace

Evaluation evaluate(const Communicator& communicator, const Trainable& model,
                    std::span<const float> parameters, const DatasetReader& reader,
                    const InputTransform& transform, Index micro_batch, WorkerPool& pool,
                    std::span<const float> weights, std::span<const std::int32_t> conditions) {
  const InferencePlan plan{reader.info().rows(), micro_batch};
  const auto workers = static_cast<std::size_t>(pool.size());
  std::vector<Workspace> workspaces;
  for (std::size_t w = 0; w < workers; ++w) workspaces.push_back(model.make_workspace(micro_batch));
  // By worker: loss, squared error, penalty.
  std::vector<std::array<ExactSum, 3>> sums(workers);
  std::vector<UnitDivergences> divergences(workers, UnitDivergences(model.posterior_units()));
  collectively(communicator, [&] {
    check_features(reader.info(), model.sample_width());
    for_each_micro_batch(
        reader, transform, plan, plan.of_rank(communicator.rank(), communicator.size()), pool,
        [&](Index worker, Range rows, ConstMatrix x) {
          const auto w = static_cast<std::size_t>(worker);
          workspaces[w].set_conditions(conditions_of(conditions, plan.rows, rows));
          const auto own = weights.empty() ? weights
                                           : weights.subspan(static_cast<std::size_t>(rows.begin),
                                                             static_cast<std::size_t>(rows.size()));
          const LossSums batch =
              own.empty() ? model.evaluate(parameters.data(), x, workspaces[w])
                          : model.evaluate_weighted(parameters.data(), x, own, workspaces[w]);
          if (transform.counts && !std::isfinite(batch.loss)) {
            if (const auto* counts = dynamic_cast<const Autoencoder*>(&model))
              refuse_non_finite(*counts, parameters, reader, rows.begin, x, workspaces[w]);
          }
          if (!divergences[w].empty())
            divergences[w].add(workspaces[w].output(model.posterior_layer(), x.rows), {own, {}});
          sums[w][0].add(batch.loss);
          sums[w][1].add(batch.squared_error);
          sums[w][2].add(batch.penalty);
        });
  });
  std::array<ExactSum, 3>& total = sums.front();
  for (std::size_t w = 1; w < workers; ++w) {
    for (std::size_t i = 0; i < total.size(); ++i) total[i].add(sums[w][i]);
  }
  sum_over_ranks(communicator, total);
  for (std::size_t w = 1; w < workers; ++w) divergences.front().add(divergences[w]);
  if (!divergences.front().empty()) communicator.sum(divergences.front().words());
  const auto samples = static_cast<double>(plan.rows);
  Evaluation result;
  result.samples = plan.rows;
  result.loss = total[0].value() / samples;
  result.penalty = total[2].value() / samples;
  result.sse = total[1].value() / samples;
  result.unit_divergences = divergences.front().means(samples);
  result.mse = result.sse / static_cast<double>(model.outputs());
  result.psnr = result.mse > 0 ? 10.0 * std::log10(1.0 / result.mse)
                               : std::numeric_limits<double>::infinity();
  return result;
}

void check_inputs(const DatasetInfo& info, const Trainable& model) {
  const bool paired = !info.address.options.target.empty();
  check_features(info, paired ? model.sample_width() : model.features());
}

void check_features(const DatasetInfo& info, Index features) {
  if (info.features() != features) {
    throw Error(
        ErrorKind::data,
        fmt::format(
            "{}: its samples have {} features{}, but the network takes {} (the first of --layers)",
            to_string(info.address), info.features(),
            info.address.options.target.empty() ? "" : " with those of --target", features));
  }
  if (info.rows() < 1)
    throw Error(ErrorKind::data, fmt::format("{}: it holds no samples", to_string(info.address)));
}

}  // namespace hourglass
