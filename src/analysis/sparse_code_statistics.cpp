#include "analysis/sparse_code_statistics.hpp"

#include <algorithm>
#include <numeric>

#include "engine/inference.hpp"
#include "engine/sum_over_ranks.hpp"
#include "math/exact_sum.hpp"
#include "model/atom_cosines.hpp"
#include "model/paired_target.hpp"

namespace hourglass {

namespace {

constexpr Index most_atoms = 4096;
constexpr float near = 0.9F;

const Tensor& last_bias(const Autoencoder& model) {
  const Slot pre_bias = model.architecture().pre_bias;
  return pre_bias >= 0 ? model.layout().tensor(pre_bias) : model.layout().tensors().back();
}

// The sums of one worker: squared errors, squared distances from a point near the mean, the
// distances themselves by feature, and the use of units.
class Meter {
 public:
  Meter(const Autoencoder& model, const float* parameters, Index micro_batch)
      : model_(model),
        parameters_(parameters),
        workspace_(model.make_workspace(micro_batch)),
        point_(static_cast<std::size_t>(model.outputs())),
        distances_(point_.size()),
        sums(2 + point_.size()),
        use(model.counted_units()) {
    // Squares of distances from far away would cancel; the last bias is near the mean.
    const Tensor& last = last_bias(model);
    if (last.size == model.outputs() && model.spec().output_activation == Activation::linear)
      std::copy_n(parameters + last.offset, last.size, point_.begin());
  }

  void add(ConstMatrix x, std::span<const std::int32_t> conditions) {
    workspace_.set_conditions(conditions);
    const ConstMatrix y = model_.reconstruct(parameters_, x, workspace_);
    model_.count_use({}, workspace_, x.rows, use);
    const ConstMatrix target = target_of(model_.spec(), x);
    double errors = 0;
    double squares = 0;
    std::ranges::fill(distances_, 0.0);
    for (Index r = 0; r < x.rows; ++r) {
      for (std::size_t c = 0; c < point_.size(); ++c) {
        const auto value = static_cast<double>(target(r, static_cast<Index>(c)));
        const double error = static_cast<double>(y(r, static_cast<Index>(c))) - value;
        const double distance = value - static_cast<double>(point_[c]);
        errors += error * error;
        squares += distance * distance;
        distances_[c] += distance;
      }
    }
    sums[0].add(errors);
    sums[1].add(squares);
    for (std::size_t c = 0; c < distances_.size(); ++c) sums[2 + c].add(distances_[c]);
  }

 private:
  const Autoencoder& model_;
  const float* parameters_;
  Workspace workspace_;
  std::vector<float> point_;
  std::vector<double> distances_;

 public:
  std::vector<ExactSum> sums;
  UnitUse use;
};

std::optional<double> unexplained(std::span<const ExactSum> sums, Index samples) {
  double variation = sums[1].value();
  for (const ExactSum& sum : sums.subspan(2))
    variation -= sum.value() * sum.value() / static_cast<double>(samples);
  const double share = sums[0].value() / variation;
  if (!(variation > 0) || !(share >= 0)) return {};
  return share;
}

}  // namespace

SparseCodeStatistics sparse_code_statistics(
    const Communicator& communicator, const Autoencoder& model, std::span<const float> parameters,
    const DatasetReader& reader, const InputTransform& transform, Index micro_batch,
    WorkerPool& pool, std::span<const std::int32_t> conditions) {
  const InferencePlan plan{reader.info().rows(), micro_batch};
  std::vector<Meter> meters;
  meters.emplace_back(model, parameters.data(), micro_batch);
  while (static_cast<Index>(meters.size()) < pool.size())
    meters.emplace_back(model, parameters.data(), micro_batch);
  collectively(communicator, [&] {
    check_features(reader.info(), model.sample_width());
    for_each_micro_batch(reader, transform, plan,
                         plan.of_rank(communicator.rank(), communicator.size()), pool,
                         [&](Index worker, Range rows, ConstMatrix x) {
                           meters[static_cast<std::size_t>(worker)].add(
                               x, conditions_of(conditions, plan.rows, rows));
                         });
  });
  Meter& total = meters.front();
  for (std::size_t w = 1; w < meters.size(); ++w) {
    for (std::size_t i = 0; i < total.sums.size(); ++i) total.sums[i].add(meters[w].sums[i]);
    total.use.add(meters[w].use);
  }
  sum_over_ranks(communicator, total.sums);
  std::vector<std::int64_t> counts(total.use.counts().begin(), total.use.counts().end());
  communicator.sum(std::span(counts));
  SparseCodeStatistics result;
  result.units = model.counted_units();
  result.samples = plan.rows;
  result.unexplained = unexplained(total.sums, plan.rows);
  result.active_units = mean_active_units(counts, plan.rows);
  result.unused_units = std::ranges::count(counts, 0);
  result.use_histogram = use_histogram(counts, plan.rows);
  const auto cosines = nearest_cosines(model, parameters.data(), most_atoms);
  if (cosines.empty()) return result;
  result.cosine_atoms = static_cast<Index>(cosines.size());
  const auto atoms = static_cast<double>(cosines.size());
  result.nearest_cosine = std::accumulate(cosines.begin(), cosines.end(), 0.0) / atoms;
  result.near_share =
      static_cast<double>(std::ranges::count_if(cosines, [](float c) { return c > near; })) / atoms;
  return result;
}

}  // namespace hourglass
