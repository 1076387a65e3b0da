#include "analysis/evidence_bounds.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "analysis/sample_file.hpp"
#include "core/random.hpp"
#include "hourglass/core/error.hpp"
#include "support/expect_error.hpp"
#include "support/small_model.hpp"

namespace hourglass {
namespace {

constexpr Index columns = 3;
constexpr Index rows = 11;

std::vector<float> samples() {
  std::vector<float> values;
  for (Index i = 0; i < rows * columns; ++i)
    values.push_back(static_cast<float>(0.5 + 0.5 * std::sin(static_cast<double>(i))));
  return values;
}

AutoencoderSpec small_spec(Loss loss) {
  AutoencoderSpec spec;
  spec.encoder = {columns, 4, 2};
  spec.activation = Activation::tanh;
  spec.loss = loss;
  if (loss == Loss::poisson) spec.output_activation = Activation::softplus;
  if (loss == Loss::mse) spec.output_activation = Activation::linear;
  spec.regularization.variational = true;
  spec.regularization.beta = 3;  // the bounds are those of beta = 1
  return spec;
}

EvidenceBounds bounds_of(const Communicator& communicator, const Model& model,
                         const DatasetReader& reader, const EvidenceOptions& options,
                         Index threads = 1, Index micro_batch = 2) {
  WorkerPool pool(threads);
  const InputTransform transform{.missing = {model.network->spec().missing, {}, {}}};
  return evidence_bounds(communicator, *model.network, model.parameters.span(), reader, transform,
                         micro_batch, pool, options);
}

double log_likelihood(Loss loss, std::span<const float> x, std::span<const float> output) {
  double sum = 0;
  for (std::size_t c = 0; c < x.size(); ++c) {
    const double value = x[c];
    const double y = output[c];
    if (std::isnan(value)) continue;
    if (loss == Loss::bce) sum += value * std::log(y) + (1 - value) * std::log(1 - y);
    if (loss == Loss::mse) sum -= (y - value) * (y - value) + 0.5 * std::log(std::numbers::pi);
    if (loss == Loss::poisson) sum += value * std::log(y) - y - std::lgamma(value + 1);
  }
  return sum;
}

// The bounds as their definitions have them, sample by sample and in double; draws are those of the
// documented counter.
EvidenceBounds reference(const Model& model, const std::vector<float>& x,
                         const EvidenceOptions& options) {
  const Autoencoder& network = *model.network;
  Workspace workspace = network.make_workspace(1);
  const CounterRandom random(options.seed, Purpose::evidence);
  const AutoencoderSpec& spec = network.spec();
  EvidenceBounds bounds;
  for (Index r = 0; r < rows; ++r) {
    const std::vector<float> row(x.begin() + r * columns, x.begin() + (r + 1) * columns);
    const ConstMatrix input(row.data(), 1, columns);
    network.encode(model.parameters.data(), input, workspace);
    std::vector<double> posterior;
    for (const float value : workspace.output(network.posterior_layer(), 1).row(0))
      posterior.push_back(value);
    const auto units = static_cast<Index>(posterior.size() / 2);
    double weights = 0;
    for (Index k = 0; k < options.draws; ++k) {
      const auto words =
          random.bits(static_cast<std::uint64_t>(r), static_cast<std::uint32_t>(k), 0);
      const std::array<float, 2> first = normal_pair(words[0], words[1]);
      const std::array<float, 2> second = normal_pair(words[2], words[3]);
      const std::array<float, 3> normal = {first[0], first[1], second[0]};
      std::vector<float> code;
      double log_ratio = 0;  // ln p(h) - ln q(h | x)
      for (std::size_t j = 0; j < static_cast<std::size_t>(units); ++j) {
        const double variance = std::exp(posterior[static_cast<std::size_t>(units) + j]);
        const double h = posterior[j] + std::sqrt(variance) * static_cast<double>(normal[j]);
        const double deviation = h - posterior[j];
        log_ratio += 0.5 * (deviation * deviation / variance + std::log(variance) - h * h);
        code.push_back(static_cast<float>(h));
      }
      const ConstMatrix output =
          network.decode(model.parameters.data(), {code.data(), 1, network.code_size()}, workspace);
      std::vector<float> means(output.row(0).begin(), output.row(0).end());
      if (spec.library_size == LibrarySize::latent) {
        const LibraryPrior& prior = spec.library_prior;
        const double size =
            std::exp(prior.mean + prior.deviation * static_cast<double>(code.back()));
        for (float& mean : means) mean = static_cast<float>(mean * size);
      }
      const double log_p = log_likelihood(spec.loss, row, means);
      bounds.reconstruction += log_p / static_cast<double>(rows * options.draws);
      weights += std::exp(log_p + log_ratio);
    }
    bounds.importance_weighted += std::log(weights / static_cast<double>(options.draws)) / rows;
    for (std::size_t j = 0; j < static_cast<std::size_t>(units); ++j) {
      const double log_variance = posterior[static_cast<std::size_t>(units) + j];
      bounds.divergence +=
          (posterior[j] * posterior[j] + std::exp(log_variance) - 1 - log_variance) / 2 / rows;
    }
  }
  bounds.elbo = bounds.reconstruction - bounds.divergence;
  return bounds;
}

TEST(EvidenceBoundsMpi, are_those_of_a_plain_loop) {
  const auto world = Communicator::world();
  const std::vector<float> x = samples();
  const SampleFile file(world, x, columns);
  for (const Loss loss : {Loss::bce, Loss::mse, Loss::poisson}) {
    const Model model = small_model(small_spec(loss));
    const EvidenceOptions options{7, 5};
    const EvidenceBounds expected = reference(model, x, options);
    const EvidenceBounds found = bounds_of(world, model, file.reader(), options, 2);
    EXPECT_NEAR(found.reconstruction, expected.reconstruction, 1e-5) << name_of(loss);
    EXPECT_NEAR(found.divergence, expected.divergence, 1e-5) << name_of(loss);
    EXPECT_NEAR(found.elbo, expected.elbo, 1e-5) << name_of(loss);
    EXPECT_NEAR(found.importance_weighted, expected.importance_weighted, 1e-5) << name_of(loss);
    EXPECT_GT(found.importance_weighted, found.elbo) << name_of(loss);
  }
}

TEST(EvidenceBoundsMpi, do_not_depend_on_ranks_and_threads) {
  const auto world = Communicator::world();
  const SampleFile file(world, samples(), columns);
  const Model model = small_model(small_spec(Loss::bce));
  const EvidenceBounds serial = bounds_of(Communicator::self(), model, file.reader(), {5, 9});
  for (const Index threads : {1, 3}) {
    const EvidenceBounds parallel = bounds_of(world, model, file.reader(), {5, 9}, threads);
    EXPECT_EQ(parallel.elbo, serial.elbo);
    EXPECT_EQ(parallel.importance_weighted, serial.importance_weighted);
  }
  EXPECT_NE(bounds_of(world, model, file.reader(), {5, 10}).elbo, serial.elbo);
}

// x = W h + b + noise of variance 1/2 has the density N(b, W W^T + I / 2). With orthogonal columns
// the exact posterior has independent units: an encoder that gives it makes every weight p(x), so
// that both bounds are tight for any number of draws.
TEST(EvidenceBoundsMpi, of_a_linear_model_with_its_exact_posterior_are_the_likelihood) {
  const auto world = Communicator::world();
  const std::vector<float> x = samples();
  const SampleFile file(world, x, columns);
  AutoencoderSpec spec = small_spec(Loss::mse);
  spec.encoder = {columns, 2};
  Model model = small_model(spec);
  // W = (2, 0; 0, 1; 0, 0), b = (0.5, 0.25, 0.75).
  const std::vector<float> w = {2, 1};
  const std::vector<float> b = {0.5F, 0.25F, 0.75F};
  set_tensor(model, "decoder/0/weight", {w[0], 0, 0, w[1], 0, 0});
  set_tensor(model, "decoder/0/bias", b);
  std::vector<float> weight(4 * columns, 0.0F);
  std::vector<float> bias(4, 0.0F);
  for (std::size_t j = 0; j < 2; ++j) {
    const float variance = 1 / (1 + 2 * w[j] * w[j]);
    weight[j * columns + j] = 2 * variance * w[j];
    bias[j] = -2 * variance * w[j] * b[j];
    bias[2 + j] = std::log(variance);
  }
  set_tensor(model, "encoder/0/weight", weight);
  set_tensor(model, "encoder/0/bias", bias);
  double likelihood = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % columns;
    const double variance = 0.5 + (c < 2 ? static_cast<double>(w[c]) * w[c] : 0);
    const double error = static_cast<double>(x[i]) - static_cast<double>(b[c]);
    likelihood -= (error * error / variance + std::log(2 * std::numbers::pi * variance)) / 2 / rows;
  }
  for (const Index draws : {1, 20}) {
    const EvidenceBounds found = bounds_of(world, model, file.reader(), {draws, 3});
    EXPECT_NEAR(found.importance_weighted, likelihood, 1e-5) << draws;
  }
  const EvidenceBounds found = bounds_of(world, model, file.reader(), {4000, 3}, 2, 11);
  EXPECT_NEAR(found.elbo, likelihood, 0.02) << "the mean of the draws' likelihoods";
}

TEST(EvidenceBoundsMpi, missing_elements_are_left_out) {
  const auto world = Communicator::world();
  std::vector<float> x = samples();
  AutoencoderSpec spec = small_spec(Loss::mse);
  spec.missing = Missing::mask;
  const Model model = small_model(spec);
  for (const std::size_t at : {0U, 5U, 6U, 7U}) x[at] = std::numeric_limits<float>::quiet_NaN();
  const SampleFile file(world, x, columns);
  const EvidenceBounds expected = reference(model, x, {6, 2});
  const EvidenceBounds found = bounds_of(world, model, file.reader(), {6, 2});
  EXPECT_NEAR(found.elbo, expected.elbo, 1e-5);
  EXPECT_NEAR(found.importance_weighted, expected.importance_weighted, 1e-5);
}

TEST(EvidenceBoundsMpi, of_counts_have_the_size_factors_of_samples) {
  const auto world = Communicator::world();
  std::vector<float> x;
  for (Index i = 0; i < rows * columns; ++i) x.push_back(static_cast<float>(i * i % 7));
  const SampleFile file(world, x, columns);
  for (const Loss loss : {Loss::poisson, Loss::nb, Loss::zinb}) {
    AutoencoderSpec spec = small_spec(loss);
    spec.output_activation = Activation::linear;
    spec.counts = Counts::log1p;
    spec.library = 5;
    Model model = small_model(spec);
    // A code of no influence: the likelihood of each draw is that of evaluate().
    std::vector<float> weight = tensor_of(model, "decoder/0/weight");
    std::ranges::fill(weight, 0.0F);
    set_tensor(model, "decoder/0/weight", weight);
    Workspace workspace = model.network->make_workspace(rows);
    const LossSums sums =
        model.network->evaluate(model.parameters.data(), {x.data(), rows, columns}, workspace);
    const double features = spec.feature_mean ? columns : 1;
    const double expected = -(sums.loss - sums.penalty) * features / rows;
    const EvidenceBounds found = bounds_of(world, model, file.reader(), {3, 1}, 2);
    EXPECT_NEAR(found.reconstruction, expected, 1e-4 * std::fabs(expected)) << name_of(loss);
    EXPECT_LT(found.elbo, found.reconstruction);
  }
}

TEST(EvidenceBoundsMpi, of_a_latent_library_have_it_among_the_latent_variables) {
  const auto world = Communicator::world();
  std::vector<float> x;
  for (Index i = 0; i < rows * columns; ++i) x.push_back(static_cast<float>(i * i % 7));
  const SampleFile file(world, x, columns);
  AutoencoderSpec spec = small_spec(Loss::poisson);
  spec.output_activation = Activation::linear;
  spec.counts = Counts::log1p;
  spec.library = 5;
  spec.library_size = LibrarySize::latent;
  spec.library_prior = {-0.1, 0.6};
  const Model model = small_model(spec);
  const EvidenceBounds expected = reference(model, x, {6, 2});
  const EvidenceBounds found = bounds_of(world, model, file.reader(), {6, 2});
  EXPECT_NEAR(found.reconstruction, expected.reconstruction, 1e-4);
  EXPECT_NEAR(found.divergence, expected.divergence, 1e-5);
  EXPECT_NEAR(found.importance_weighted, expected.importance_weighted, 1e-4);
}

TEST(EvidenceBoundsMpi, need_a_posterior_and_a_likelihood) {
  AutoencoderSpec plain = small_spec(Loss::mse);
  plain.regularization.variational = false;
  io_test::expect_error(ErrorKind::usage, "--variational",
                        [&] { check_evidence(Autoencoder(plain)); });
  io_test::expect_error(ErrorKind::usage, "not mae",
                        [&] { check_evidence(Autoencoder(small_spec(Loss::mae))); });
}

}  // namespace
}  // namespace hourglass
