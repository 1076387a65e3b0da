// What a network is fed of counts, and the gradients of models of counts against finite differences
// of their losses.
#include "model/sample_input.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "hourglass/core/error.hpp"
#include "model/autoencoder_trial.hpp"
#include "nn/kronecker_factors.hpp"
#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using namespace autoencoder_test;
using io_test::expect_error;

AutoencoderSpec count_spec(Loss loss, Dispersion dispersion = Dispersion::gene) {
  AutoencoderSpec spec = small_spec();
  spec.activation = Activation::tanh;
  spec.output_activation = Activation::linear;
  spec.loss = loss;
  spec.dispersion = dispersion;
  spec.counts = Counts::log1p;
  spec.library = 12;
  return spec;
}

/// A trial of counts: many are 0, row 1 has none.
struct CountTrial : Trial {
  explicit CountTrial(const AutoencoderSpec& spec) : Trial(spec) {
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < model.features(); ++c) {
        const Index kind = (3 * r + 5 * c) % 7;
        target[r * model.features() + c] =
            r == 1 || kind < 4 ? 0.0F : static_cast<float>(kind * kind * (r + 1));
      }
    }
  }
  LossSums train_counts(const PassContext& context = training) {
    return model.train_pass(parameters.data(), t(), 1.0F, workspace, gradient.data(), context, {});
  }
  double loss_at(Index i, float value) {
    const float before = parameters[i];
    parameters[i] = value;
    const double loss = model.evaluate(parameters.data(), t(), workspace).loss;
    parameters[i] = before;
    return loss;
  }
};

void expect_right_gradient(const AutoencoderSpec& spec) {
  CountTrial trial(spec);
  const LossSums sums = trial.train_counts();
  EXPECT_EQ(sums.loss,
            trial.model.evaluate(trial.parameters.data(), trial.t(), trial.workspace).loss);
  for (const Tensor& tensor : trial.model.layout().tensors()) {
    double largest = 0;
    for (Index i = 0; i < tensor.size; ++i) {
      largest =
          std::max(largest, std::fabs(static_cast<double>(trial.gradient[tensor.offset + i])));
    }
    EXPECT_GT(largest, 0) << tensor.name;
    for (Index i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
      const float p = trial.parameters[i];
      const float h = 2e-3F;
      const double difference = trial.loss_at(i, p + h) - trial.loss_at(i, p - h);
      const double exact = difference / (static_cast<double>(p + h) - static_cast<double>(p - h));
      ASSERT_NEAR(trial.gradient[i], exact, 2e-3 * largest + 2e-4) << tensor.name << " " << i;
    }
  }
}

TEST(SampleInput, gradients_are_those_of_finite_differences) {
  for (const Loss loss : {Loss::poisson, Loss::nb, Loss::zinb}) {
    for (const Dispersion dispersion : {Dispersion::gene, Dispersion::gene_cell}) {
      for (const SparseInput sparse : {SparseInput::on, SparseInput::off}) {
        AutoencoderSpec spec = count_spec(loss, dispersion);
        spec.sparse_input = sparse;
        expect_right_gradient(spec);
      }
    }
  }
  AutoencoderSpec tied = count_spec(Loss::nb);
  tied.tied = true;
  expect_right_gradient(tied);
  AutoencoderSpec weighted = count_spec(Loss::zinb);
  weighted.feature_weights = {0, 1, 2, 0.5F, 1, 1, 3, 1, 1};
  expect_right_gradient(weighted);
}

AutoencoderSpec latent_spec(Loss loss) {
  AutoencoderSpec spec = count_spec(loss);
  spec.regularization.variational = true;
  spec.library_size = LibrarySize::latent;
  spec.library_prior = {0.2, 0.7};
  return spec;
}

// With the noise of training, which is the same in every pass.
TEST(SampleInput, gradients_of_a_latent_library_are_those_of_finite_differences) {
  const std::vector<std::uint64_t> ids = {3, 0, 4, 1, 2};
  const std::vector<float> weights = {1, 2, 0.5F, 1, 3};
  for (const Loss loss : {Loss::poisson, Loss::nb, Loss::zinb}) {
    PassContext context = training;
    context.sample_ids = ids;
    if (loss == Loss::nb) context.sample_weights = weights;
    CountTrial trial(latent_spec(loss));
    trial.train_counts(context);
    Buffer<float> other(trial.gradient.size());
    const auto loss_at = [&](Index i, float value) {
      const float before = trial.parameters[i];
      trial.parameters[i] = value;
      const double sum = trial.model
                             .train_pass(trial.parameters.data(), trial.t(), 1.0F, trial.workspace,
                                         other.data(), context, {})
                             .loss;
      trial.parameters[i] = before;
      return sum;
    };
    for (const Tensor& tensor : trial.model.layout().tensors()) {
      double largest = 0;
      for (Index i = tensor.offset; i < tensor.offset + tensor.size; ++i)
        largest = std::max(largest, std::fabs(static_cast<double>(trial.gradient[i])));
      EXPECT_GT(largest, 0) << tensor.name;
      for (Index i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
        const float p = trial.parameters[i];
        const float h = 2e-3F;
        const double exact = (loss_at(i, p + h) - loss_at(i, p - h)) /
                             (static_cast<double>(p + h) - static_cast<double>(p - h));
        ASSERT_NEAR(trial.gradient[i], exact, 3e-3 * largest + 5e-4) << tensor.name << " " << i;
      }
    }
  }
}

TEST(SampleInput, latent_library_is_behind_the_code) {
  CountTrial trial(latent_spec(Loss::nb));
  const Autoencoder& model = trial.model;
  EXPECT_EQ(model.code_size(), 3);
  EXPECT_EQ(model.posterior_units(), 3);
  const std::vector<float> together =
      copy_of(model.reconstruct(trial.parameters.data(), trial.t(), trial.workspace));
  const Matrix posterior = trial.workspace.output(model.posterior_layer(), trial.rows);
  ASSERT_EQ(posterior.columns, 2 * 4);
  const std::vector<float> means = copy_of(posterior);
  const std::vector<float> codes =
      copy_of(model.encode(trial.parameters.data(), trial.t(), trial.workspace));
  ASSERT_EQ(codes.size(), static_cast<std::size_t>(3 * trial.rows));
  const ConstMatrix typical =
      model.decode(trial.parameters.data(), {codes.data(), trial.rows, 3}, trial.workspace);
  for (Index r = 0; r < trial.rows; ++r) {
    const auto row = static_cast<std::size_t>(r);
    for (std::size_t j = 0; j < 3; ++j) EXPECT_EQ(codes[row * 3 + j], means[row * 8 + j]);
    const float size = std::exp(0.2F + 0.7F * means[row * 8 + 3]);
    for (Index c = 0; c < 9; ++c)
      EXPECT_FLOAT_EQ(together[row * 9 + static_cast<std::size_t>(c)], typical(r, c) * size);
  }
}

TEST(SampleInput, has_the_tensors_of_its_heads) {
  const auto shapes = [](const AutoencoderSpec& spec) {
    const Autoencoder model(spec);
    const auto& tensors = model.layout().tensors();
    std::vector<Index> rows;
    for (const Tensor& tensor : tensors) {
      if (tensor.name == "decoder/2/weight" || tensor.name == "dispersion")
        rows.push_back(tensor.shape.front());
    }
    return rows;
  };
  EXPECT_EQ(shapes(count_spec(Loss::poisson)), std::vector<Index>({9}));
  EXPECT_EQ(shapes(count_spec(Loss::nb)), std::vector<Index>({9, 9}));
  EXPECT_EQ(shapes(count_spec(Loss::nb, Dispersion::gene_cell)), std::vector<Index>({18}));
  EXPECT_EQ(shapes(count_spec(Loss::zinb)), std::vector<Index>({18, 9}));
  EXPECT_EQ(shapes(count_spec(Loss::zinb, Dispersion::gene_cell)), std::vector<Index>({27}));
}

TEST(SampleInput, input_is_the_logarithm_of_scaled_counts) {
  const std::vector<float> counts = {0, 3, 1, 0, 0, 0, 8, 0, 0, 24};
  const ConstMatrix samples(counts.data(), 3, 3);
  const SampleInput input(3, 8, true);
  std::vector<float> scratch(static_cast<std::size_t>(input.scratch_floats(3)));
  const auto dense = input.dense_rows(samples, scratch);
  const std::vector<float> sizes(dense.sizes.begin(), dense.sizes.end());
  EXPECT_EQ(sizes, std::vector<float>({0.5F, 0, 1}));
  EXPECT_FLOAT_EQ(dense.values(0, 1), std::log1p(6.0F));
  EXPECT_FLOAT_EQ(dense.values(0, 2), std::log1p(2.0F));
  EXPECT_FLOAT_EQ(dense.values(2, 0), std::log1p(8.0F));
  for (Index c = 0; c < 3; ++c) EXPECT_EQ(dense.values(1, c), 0.0F);
  // The sparse rows hold the same bits, made of dense or of sparse samples.
  const std::vector<float> expected = copy_of(dense.values);
  SparseBatch known;
  known.clear(3);
  append_rows(samples, known);
  const SparseRows view = known.view();
  for (const SparseRows* given : {static_cast<const SparseRows*>(nullptr), &view}) {
    SparseBatch batch;
    const auto rows = input.rows(samples, given, batch, scratch);
    std::vector<float> spread_out(9);
    spread(rows.sparse, {spread_out.data(), 3, 3});
    EXPECT_TRUE(same_bits(spread_out, expected));
    EXPECT_TRUE(std::ranges::equal(rows.sizes, sizes));
    EXPECT_NE(rows.context({}).sparse_input, nullptr);
  }
}

TEST(SampleInput, samples_that_are_no_counts_stay_as_they_are) {
  const std::vector<float> values = {0, -3, 0.5F, 0};
  const ConstMatrix samples(values.data(), 2, 2);
  SparseBatch batch;
  const auto dense = SampleInput(2, 0, false).rows(samples, nullptr, batch, {});
  EXPECT_EQ(dense.values.data, values.data());
  EXPECT_TRUE(dense.sizes.empty());
  EXPECT_EQ(dense.context({}).sparse_input, nullptr);
  const auto sparse = SampleInput(2, 0, true).rows(samples, nullptr, batch, {});
  ASSERT_EQ(sparse.sparse.values.size(), 2U);
  EXPECT_EQ(sparse.sparse.values[0], -3.0F);
}

// Of counts, or of other samples.
AutoencoderSpec spec_of_samples(bool counts) {
  if (counts) return count_spec(Loss::nb);
  AutoencoderSpec spec = small_spec();
  spec.output_activation = Activation::linear;
  return spec;
}

// Known sparse rows, or not: the same bits; and close to those of dense products.
TEST(SampleInput, sparse_rows_have_the_results_of_dense_ones) {
  for (const bool counts : {true, false}) {
    AutoencoderSpec spec = spec_of_samples(counts);
    spec.sparse_input = SparseInput::on;
    CountTrial sparse(spec);
    spec.sparse_input = SparseInput::off;
    CountTrial dense(spec);
    const double loss = sparse.train_counts().loss;
    EXPECT_NEAR(loss, dense.train_counts().loss, 1e-5 * loss);
    for (const Tensor& tensor : sparse.model.layout().tensors()) {
      for (Index i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
        ASSERT_NEAR(sparse.gradient[i], dense.gradient[i],
                    1e-4 * (1 + std::fabs(dense.gradient[i])));
      }
    }
    const std::vector<float> expected(sparse.gradient.span().begin(), sparse.gradient.span().end());
    SparseBatch known;
    known.clear(9);
    append_rows(sparse.t(), known);
    const SparseRows view = known.view();
    PassContext context = training;
    context.sparse_samples = &view;
    EXPECT_EQ(sparse.train_counts(context).loss, loss);
    EXPECT_TRUE(same_bits(sparse.gradient.span(), expected));
  }
}

// Of the first weight, from the scaled counts that are its input.
TEST(SampleInput, factors_of_sparse_rows_are_those_of_dense_ones) {
  for (const bool counts : {true, false}) {
    AutoencoderSpec spec = spec_of_samples(counts);
    FactorLayout layout;
    layout.add(0, "weight", 7, 9, 5);
    const auto factors_of = [&](SparseInput sparse, bool known) {
      spec.sparse_input = sparse;
      CountTrial trial(spec);
      Buffer<float> sums(layout.size());
      SparseBatch batch;
      batch.clear(9);
      append_rows(trial.t(), batch);
      const SparseRows view = batch.view();
      PassContext context = training;
      context.factors = &layout;
      context.factor_sums = sums.data();
      context.batch_samples = trial.rows;
      if (known) context.sparse_samples = &view;
      trial.train_counts(context);
      return std::vector<float>(sums.span().begin(), sums.span().end());
    };
    const auto expected = factors_of(SparseInput::off, false);
    const float largest = std::ranges::max(expected);
    EXPECT_GT(largest, 0);
    for (const bool known : {false, true}) {
      const auto factors = factors_of(SparseInput::on, known);
      for (std::size_t i = 0; i < expected.size(); ++i)
        ASSERT_NEAR(factors[i], expected[i], 1e-5F * std::fabs(expected[i]) + 1e-6F * largest) << i;
    }
  }
}

TEST(SampleInput, reconstruction_is_the_mean_times_the_size_factor) {
  CountTrial trial(count_spec(Loss::zinb));
  const std::vector<float> together =
      copy_of(trial.model.reconstruct(trial.parameters.data(), trial.t(), trial.workspace));
  ASSERT_EQ(together.size(), static_cast<std::size_t>(9 * trial.rows));
  for (Index c = 0; c < 9; ++c) EXPECT_EQ(together[static_cast<std::size_t>(9 + c)], 0.0F);
  const std::vector<float> codes =
      copy_of(trial.model.encode(trial.parameters.data(), trial.t(), trial.workspace));
  const ConstMatrix typical =
      trial.model.decode(trial.parameters.data(), {codes.data(), trial.rows, 3}, trial.workspace);
  double library = 0;
  for (Index c = 0; c < 9; ++c) library += static_cast<double>(trial.target[c]);
  for (Index c = 0; c < 9; ++c)
    EXPECT_FLOAT_EQ(together[static_cast<std::size_t>(c)],
                    typical(0, c) * static_cast<float>(library / 12));
}

TEST(SampleInput, settings_that_do_not_fit_are_refused) {
  const auto refused = [](const AutoencoderSpec& spec, const std::string& words) {
    expect_error(ErrorKind::usage, words, [&] { const Autoencoder model(spec); });
  };
  AutoencoderSpec spec = count_spec(Loss::mse);
  refused(spec, "--counts log1p keeps the counts as the target");
  spec = count_spec(Loss::nb);
  spec.output_activation = Activation::softplus;
  refused(spec, "--output-activation linear");
  spec = count_spec(Loss::zinb);
  spec.tied = true;
  refused(spec, "--tied");
  spec = count_spec(Loss::nb);
  spec.missing = Missing::mask;
  refused(spec, "--missing");
  spec = count_spec(Loss::nb);
  spec.library_size = LibrarySize::latent;
  refused(spec, "--variational is off");
  spec.regularization.variational = true;
  spec.counts = Counts::none;
  refused(spec, "--counts is off");
  spec = count_spec(Loss::nb);
  spec.sparse_input = SparseInput::on;
  spec.regularization.corruption = {Corruption::masking, 0.2};
  refused(spec, "--sparse-input off");
}

TEST(SampleInput, corruption_acts_on_the_input) {
  AutoencoderSpec spec = count_spec(Loss::nb);
  spec.regularization.corruption = {Corruption::masking, 0.5};
  CountTrial trial(spec);
  const std::vector<std::uint64_t> ids = {0, 1, 2, 3, 4};
  PassContext context = training;
  context.sample_ids = ids;
  const double corrupted = trial.train_counts(context).loss;
  EXPECT_TRUE(std::isfinite(corrupted));
  EXPECT_NE(corrupted,
            trial.model.evaluate(trial.parameters.data(), trial.t(), trial.workspace).loss);
}

TEST(SampleInput, names) {
  for (const Counts counts : {Counts::none, Counts::log1p})
    EXPECT_EQ(counts_from(name_of(counts)), counts);
  for (const SparseInput sparse : {SparseInput::automatic, SparseInput::on, SparseInput::off})
    EXPECT_EQ(sparse_input_from(name_of(sparse)), sparse);
  EXPECT_THROW((void)counts_from("log2"), Error);
  EXPECT_THROW((void)sparse_input_from("yes"), Error);
}

}  // namespace
}  // namespace hourglass
