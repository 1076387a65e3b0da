#include "analysis/evidence_bounds.hpp"

#include <fmt/format.h>
#include <math.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "core/buffer.hpp"
#include "core/random.hpp"
#include "engine/inference.hpp"
#include "engine/sum_over_ranks.hpp"
#include "hourglass/core/error.hpp"
#include "math/exact_sum.hpp"
#include "model/architecture.hpp"
#include "model/penalty.hpp"
#include "model/sample_input.hpp"
#include "nn/gaussian_sample.hpp"
#include "nn/row_weights.hpp"

namespace hourglass {

namespace {

// ln(1/K sum_k exp(x_k)) of terms that are added one by one, without overflow.
class LogMeanExp {
 public:
  void add(double term) {
    ++count_;
    if (term == -std::numeric_limits<double>::infinity()) return;
    if (term > largest_) {
      sum_ = sum_ * std::exp(largest_ - term) + 1;
      largest_ = term;
    } else {
      sum_ += std::exp(term - largest_);
    }
  }
  [[nodiscard]] double value() const {
    return largest_ + std::log(sum_ / static_cast<double>(count_));
  }

 private:
  double largest_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0;  // of exp(x_k - largest_)
  Index count_ = 0;
};

// std::lgamma also writes a global variable, which threads would share.
double log_factorial(double x) {
  int sign = 0;
  return ::lgamma_r(x + 1, &sign);
}

// The terms of ln p(x | h) that the loss leaves out, constant in h; `present` is empty where no
// element is missing. The likelihoods of counts leave out nothing.
double log_constant(const AutoencoderSpec& spec, std::span<const float> x,
                    std::span<const float> present) {
  if (distribution_of(spec.loss, spec.output_activation)) return 0;
  const Loss loss = spec.loss;
  double sum = 0;
  for (std::size_t c = 0; c < x.size(); ++c) {
    if (!present.empty() && present[c] == 0) continue;
    if (loss == Loss::mse) sum -= 0.5 * std::log(std::numbers::pi);
    if (loss == Loss::poisson) sum -= log_factorial(static_cast<double>(x[c]));
  }
  return sum;
}

// The bounds of one worker's samples.
class EvidenceMeter {
 public:
  EvidenceMeter(const Autoencoder& model, const EvidenceOptions& options, Index micro_batch)
      : model_(model),
        options_(options),
        random_(options.seed, Purpose::evidence),
        workspace_(model.make_workspace(micro_batch)),
        sample_input_(sample_input_of(model.spec())),
        row_scratch_(sample_input_.scratch_floats(micro_batch)),
        latents_(micro_batch * latent_units(model)),
        log_ratios_(static_cast<std::size_t>(micro_batch)),
        reconstructions_(log_ratios_.size()),
        weights_(log_ratios_.size()),
        constants_(log_ratios_.size()),
        divergences_(log_ratios_.size()) {
    if (!model.masks_missing()) return;
    target_ = Buffer<float>(micro_batch * model.features());
    present_ = Buffer<float>(micro_batch * model.features());
  }

  void add(const float* parameters, Range rows, ConstMatrix x,
           std::span<const std::int32_t> conditions) {
    PassContext context;
    context.conditions = conditions;
    const Index sampling_layer = model_.posterior_layer() + 1;
    const Network& network = model_.network();
    ConstMatrix target = x;
    ConstMatrix present;
    network.forward({0, model_.posterior_layer() + 1}, parameters,
                    model_.network_input(x, workspace_), workspace_, context);
    const ConstMatrix posterior = workspace_.output(model_.posterior_layer(), x.rows);
    const std::span<const float> observed = sample_input_.dense_rows(x, row_scratch_.span()).sizes;
    if (const MissingInput* const missing = model_.missing_input()) {
      const Matrix values(target_.data(), x.rows, x.columns);
      const Matrix there(present_.data(), x.rows, x.columns);
      missing->split(x, values, there);
      target = values;
      present = there;
    }
    const Matrix latents(latents_.data(), x.rows, posterior.columns / 2);
    for (Index r = 0; r < x.rows; ++r) begin_row(posterior, target, present, r);
    for (Index k = 0; k < options_.draws; ++k) {
      draw(posterior, rows.begin, k, latents);
      network.forward({sampling_layer + 1, network.layer_count()}, parameters, latents, workspace_,
                      context);
      const std::span<const float> sizes =
          size_factors(model_.architecture(), observed, workspace_, x.rows);
      const Matrix logits = workspace_.output(network.layer_count() - 1, x.rows);
      for (Index r = 0; r < x.rows; ++r) {
        LossOptions options;
        options.present = row_of(present, r);
        if (!sizes.empty()) options.sizes = sizes.subspan(static_cast<std::size_t>(r), 1);
        const AutoencoderSpec& spec = model_.spec();
        const LossSums loss = loss_and_gradient(spec.loss, spec.output_activation, false, 1.0F,
                                                row_of(target, r), row_of(logits, r), {}, options);
        reconstructions_[static_cast<std::size_t>(r)] -= loss.loss;
        weights_[static_cast<std::size_t>(r)].add(log_ratios_[static_cast<std::size_t>(r)] -
                                                  loss.loss);
      }
    }
    for (Index r = 0; r < x.rows; ++r) finish_row(r);
  }

  std::array<ExactSum, 3> sums;  // reconstruction, divergence, importance-weighted bound

 private:
  [[nodiscard]] static Index latent_units(const Autoencoder& model) {
    return model.network().layer(model.posterior_layer() + 1).outputs();
  }

  // The latent variables number k of each row, and the logarithm of p(h) / q(h | x).
  void draw(ConstMatrix posterior, Index first_row, Index k, Matrix latents) {
    const Index units = latents.columns;
    for (Index r = 0; r < latents.rows; ++r) {
      double log_ratio = 0;
      for (Index begin = 0; begin < units; begin += 4) {
        const auto words =
            random_.bits(static_cast<std::uint64_t>(first_row + r), static_cast<std::uint32_t>(k),
                         static_cast<std::uint32_t>(begin / 4));
        const auto [a, b] = normal_pair(words[0], words[1]);
        const auto [c, d] = normal_pair(words[2], words[3]);
        const std::array<float, 4> normal = {a, b, c, d};
        for (Index j = begin; j < std::min(units, begin + 4); ++j) {
          const auto e = static_cast<double>(normal[static_cast<std::size_t>(j - begin)]);
          const auto log_variance =
              static_cast<double>(bounded_log_variance(posterior(r, units + j)));
          const double h = static_cast<double>(posterior(r, j)) + std::exp(0.5 * log_variance) * e;
          latents(r, j) = static_cast<float>(h);
          log_ratio += 0.5 * (e * e + log_variance - h * h);
        }
      }
      log_ratios_[static_cast<std::size_t>(r)] = log_ratio;
    }
  }

  void begin_row(ConstMatrix posterior, ConstMatrix target, ConstMatrix present, Index r) {
    const auto row = static_cast<std::size_t>(r);
    const Index units = posterior.columns / 2;
    reconstructions_[row] = 0;
    weights_[row] = {};
    constants_[row] = log_constant(model_.spec(), target.row(r),
                                   present.empty() ? std::span<const float>() : present.row(r));
    divergences_[row] = 0;
    for (Index j = 0; j < units; ++j)
      divergences_[row] += unit_divergence(posterior(r, j), posterior(r, units + j));
  }

  void finish_row(Index r) {
    const auto row = static_cast<std::size_t>(r);
    sums[0].add(reconstructions_[row] / static_cast<double>(options_.draws) + constants_[row]);
    sums[1].add(divergences_[row]);
    sums[2].add(weights_[row].value() + constants_[row]);
  }

  const Autoencoder& model_;
  EvidenceOptions options_;
  CounterRandom random_;
  Workspace workspace_;
  SampleInput sample_input_;  // for the size factors of counts
  Buffer<float> row_scratch_;
  Buffer<float> latents_;  // codes, with a latent library behind
  Buffer<float> target_;   // of samples with missing elements
  Buffer<float> present_;
  // By row.
  std::vector<double> log_ratios_;  // of the draw in progress
  std::vector<double> reconstructions_;
  std::vector<LogMeanExp> weights_;
  std::vector<double> constants_;
  std::vector<double> divergences_;
};

}  // namespace

void check_evidence(const Autoencoder& model) {
  if (model.posterior_layer() < 0) {
    throw Error(ErrorKind::usage,
                "--elbo bounds the likelihood of a model that was trained with --variational",
                Reach::everywhere);
  }
  const Loss loss = model.spec().loss;
  if (loss != Loss::bce && loss != Loss::mse && loss != Loss::poisson && loss != Loss::nb &&
      loss != Loss::zinb) {
    throw Error(ErrorKind::usage,
                fmt::format("--elbo needs a model whose --loss is a likelihood: bce, mse, poisson, "
                            "nb or zinb, not {}",
                            name_of(loss)),
                Reach::everywhere);
  }
}

EvidenceBounds evidence_bounds(const Communicator& communicator, const Autoencoder& model,
                               std::span<const float> parameters, const DatasetReader& reader,
                               const InputTransform& transform, Index micro_batch, WorkerPool& pool,
                               const EvidenceOptions& options) {
  check_evidence(model);
  require(options.draws >= 1, "a bound without draws");
  const InferencePlan plan{reader.info().rows(), micro_batch};
  std::vector<EvidenceMeter> meters;
  for (Index w = 0; w < pool.size(); ++w) meters.emplace_back(model, options, micro_batch);
  collectively(communicator, [&] {
    check_features(reader.info(), model.features());
    for_each_micro_batch(
        reader, transform, plan, plan.of_rank(communicator.rank(), communicator.size()), pool,
        [&](Index worker, Range rows, ConstMatrix x) {
          meters[static_cast<std::size_t>(worker)].add(
              parameters.data(), rows, x, conditions_of(options.conditions, plan.rows, rows));
        });
  });
  std::array<ExactSum, 3>& total = meters.front().sums;
  for (std::size_t w = 1; w < meters.size(); ++w) {
    for (std::size_t i = 0; i < total.size(); ++i) total[i].add(meters[w].sums[i]);
  }
  sum_over_ranks(communicator, total);
  const auto samples = static_cast<double>(plan.rows);
  EvidenceBounds bounds;
  bounds.reconstruction = total[0].value() / samples;
  bounds.divergence = total[1].value() / samples;
  bounds.elbo = bounds.reconstruction - bounds.divergence;
  bounds.importance_weighted = total[2].value() / samples;
  return bounds;
}

}  // namespace hourglass
