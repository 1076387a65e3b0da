#include "analysis/denoising.hpp"

#include <cmath>
#include <numeric>
#include <vector>

#include "engine/inference.hpp"
#include "math/exact_sum.hpp"
#include "math/squared_distance.hpp"
#include "nn/layer.hpp"
#include "nn/network.hpp"

namespace hourglass {

namespace {

// Noise does not fill in what is missing.
void keep_missing(ConstMatrix x, Matrix noisy) {
  for (Index r = 0; r < x.rows; ++r) {
    for (Index c = 0; c < x.columns; ++c) {
      if (std::isnan(x(r, c))) noisy(r, c) = x(r, c);
    }
  }
}

}  // namespace

double denoising_sse(const Communicator& communicator, const Autoencoder& model,
                     std::span<const float> parameters, const DatasetReader& reader,
                     const InputTransform& transform, Index micro_batch, WorkerPool& pool,
                     const NoisyInput& noise) {
  struct Worker {
    Workspace workspace;
    Buffer<float> noisy;
    std::vector<std::uint64_t> ids;
    ExactSum errors;
  };
  const InferencePlan plan{reader.info().rows(), micro_batch};
  std::vector<Worker> workers;
  for (Index w = 0; w < pool.size(); ++w) {
    workers.push_back({model.make_workspace(micro_batch),
                       Buffer<float>(micro_batch * model.features()),
                       std::vector<std::uint64_t>(static_cast<std::size_t>(micro_batch)),
                       {}});
  }
  collectively(communicator, [&] {
    check_features(reader.info(), model.features());
    for_each_micro_batch(
        reader, transform, plan, plan.of_rank(communicator.rank(), communicator.size()), pool,
        [&](Index index, Range rows, ConstMatrix x) {
          Worker& worker = workers[static_cast<std::size_t>(index)];
          std::iota(worker.ids.begin(), worker.ids.end(), static_cast<std::uint64_t>(rows.begin));
          PassContext context;
          context.seed = noise.seed;
          context.sample_ids = worker.ids;
          const Matrix noisy(worker.noisy.data(), x.rows, x.columns);
          corrupt(noise.corruption, noise.image, context, x, noisy, {});
          if (model.masks_missing()) keep_missing(x, noisy);
          worker.workspace.set_conditions(conditions_of(noise.conditions, plan.rows, rows));
          const ConstMatrix y = model.reconstruct(parameters.data(), noisy, worker.workspace);
          for (Index r = 0; r < x.rows; ++r) {
            worker.errors.add(present_squared_distance(y.row(r), x.row(r)));
          }
        });
  });
  ExactSum& total = workers.front().errors;
  for (std::size_t w = 1; w < workers.size(); ++w) total.add(workers[w].errors);
  total.normalize();
  communicator.sum(total.words());
  return total.value() / static_cast<double>(plan.rows);
}

}  // namespace hourglass
