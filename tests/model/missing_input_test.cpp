// Autoencoders of samples with missing elements: what the network is fed, and the gradients of
// every parameter against finite differences of a reference in double.
#include "model/missing_input.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "hourglass/core/error.hpp"
#include "model/autoencoder_trial.hpp"
#include "model/stacked.hpp"

namespace hourglass {
namespace {

using namespace autoencoder_test;

const std::vector<float> means = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.7F, 0.8F, 0.9F};

AutoencoderSpec masking_spec() {
  AutoencoderSpec spec = small_spec();
  spec.missing = Missing::mask;
  spec.missing_means = means;
  return spec;
}

/// A trial whose samples have holes: row 0 is complete, row 1 empty.
struct MaskedTrial : Trial {
  explicit MaskedTrial(const AutoencoderSpec& spec) : Trial(spec) {
    for (Index r = 1; r < rows; ++r) {
      for (Index c = 0; c < model.features(); ++c) {
        if (r == 1 || (r + c) % 3 == 0) target[r * model.features() + c] = nan_value;
      }
    }
  }
  LossSums train_masked(const PassContext& context) {
    return model.train_pass(parameters.data(), t(), 1.0F, workspace, gradient.data(), context, {});
  }
};

double loss_at(MaskedTrial& trial, Index i, float value) {
  const float before = trial.parameters[i];
  trial.parameters[i] = value;
  const double loss =
      trial.model.evaluate(trial.parameters.data(), trial.t(), trial.workspace).loss;
  trial.parameters[i] = before;
  return loss;
}

// The loss of a pass in single precision has about 7 digits.
void expect_right_gradient(const AutoencoderSpec& spec) {
  MaskedTrial trial(spec);
  const LossSums sums = trial.train_masked(training);
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
      const double difference = loss_at(trial, i, p + h) - loss_at(trial, i, p - h);
      const double exact = difference / (static_cast<double>(p + h) - static_cast<double>(p - h));
      ASSERT_NEAR(trial.gradient[i], exact, 2e-3 * largest + 2e-4) << tensor.name << " " << i;
    }
  }
}

TEST(MissingInput, feeds_means_and_indicators) {
  const std::vector<float> sample = {1, nan_value, 3, nan_value};
  std::vector<float> memory(1024);
  const MissingInput plain(4, {5, 6, 7, 8}, 0);
  EXPECT_EQ(copy_of(plain.network_input({sample.data(), 1, 4}, memory)),
            std::vector<float>({1, 6, 3, 8}));
  const MissingInput behind(4, {}, 4);
  EXPECT_EQ(behind.width(), 8);
  EXPECT_EQ(copy_of(behind.network_input({sample.data(), 1, 4}, memory)),
            std::vector<float>({1, 0, 3, 0, 0, 1, 0, 1}));
  // Pixels of two channels.
  const MissingInput channels(4, {}, 2);
  EXPECT_EQ(copy_of(channels.network_input({sample.data(), 1, 4}, memory)),
            std::vector<float>({1, 0, 0, 1, 3, 0, 0, 1}));
}

TEST(MissingInput, gradient_equals_finite_differences) {
  for (const bool mean : {false, true}) {
    for (const bool indicator : {false, true}) {
      for (const Loss loss : {Loss::mse, Loss::bce, Loss::cosine}) {
        AutoencoderSpec spec = masking_spec();
        spec.activation = Activation::tanh;
        spec.loss = loss;
        spec.feature_mean = mean;
        spec.missing_indicator = indicator;
        expect_right_gradient(spec);
        spec.feature_weights = {1, 2, 0.5F, 1, 3, 1, 0.25F, 1, 2};
        expect_right_gradient(spec);
      }
    }
  }
}

TEST(MissingInput, gradient_of_tied_and_convolutional_networks) {
  AutoencoderSpec spec = masking_spec();
  spec.activation = Activation::tanh;
  spec.tied = true;
  expect_right_gradient(spec);
  for (const bool indicator : {false, true}) {
    AutoencoderSpec images;
    images.encoder = layer_list_from("4x4x2,conv:3x3s2,5");
    images.activation = Activation::tanh;
    images.missing = Missing::mask;
    images.missing_indicator = indicator;
    expect_right_gradient(images);
  }
}

TEST(MissingInput, complete_samples_have_the_bits_of_today) {
  for (const bool corrupted : {false, true}) {
    AutoencoderSpec spec = small_spec();
    if (corrupted) {
      spec.regularization.corruption = {Corruption::masking, 0.3};
      spec.regularization.corrupted_weight = 2;
    }
    const std::vector<std::uint64_t> ids = {1, 2, 3, 4, 5};
    const PassContext context{.training = true, .seed = 3, .epoch = 1, .sample_ids = ids};
    Trial plain(spec);
    spec.missing = Missing::mask;
    spec.missing_means = means;
    Trial masked(spec);
    const auto train = [&](Trial& trial) {
      return trial.model.train_pass(trial.parameters.data(), trial.t(), 0.5F, trial.workspace,
                                    trial.gradient.data(), context, {});
    };
    const LossSums a = train(plain);
    const LossSums b = train(masked);
    EXPECT_EQ(a.loss, b.loss);
    EXPECT_EQ(a.squared_error, b.squared_error);
    EXPECT_TRUE(same_bits(plain.gradient.span(), masked.gradient.span()));
  }
}

// Corruption hits the same elements whatever is missing; a missing one is fed its mean all the same
// and is not scored.
TEST(MissingInput, corruption_and_emphasis_leave_missing_elements_alone) {
  AutoencoderSpec spec = masking_spec();
  spec.regularization.corruption = {Corruption::salt_pepper, 0.5};
  spec.regularization.corrupted_weight = 3;
  spec.regularization.clean_weight = 0.5;
  const std::vector<std::uint64_t> ids = {1, 2, 3, 4, 5};
  const PassContext context{.training = true, .seed = 3, .epoch = 1, .sample_ids = ids};
  MaskedTrial trial(spec);
  const LossSums sums = trial.train_masked(context);
  // By hand: noise on the filled samples, means put back, weights by what was hit.
  Buffer<float> filled(trial.target.size());
  Buffer<float> noisy(trial.target.size());
  Buffer<float> hit(trial.target.size());
  const Matrix x(filled.data(), trial.rows, 9);
  const Matrix input(noisy.data(), trial.rows, 9);
  const Matrix mask(hit.data(), trial.rows, 9);
  for (Index i = 0; i < filled.size(); ++i)
    filled[i] =
        std::isnan(trial.target[i]) ? means[static_cast<std::size_t>(i % 9)] : trial.target[i];
  corrupt(spec.regularization.corruption, {}, context, x, input, mask);
  for (Index i = 0; i < filled.size(); ++i) {
    if (std::isnan(trial.target[i])) noisy[i] = filled[i];
  }
  // A network that masks nothing, and is fed by hand.
  AutoencoderSpec plain_spec = small_spec();
  Trial plain(plain_spec);
  const ConstMatrix y = plain.model.reconstruct(trial.parameters.data(), input, plain.workspace);
  double loss = 0;
  for (Index r = 0; r < trial.rows; ++r) {
    double sum = 0;
    Index count = 0;
    for (Index c = 0; c < 9; ++c) {
      if (std::isnan(trial.target[r * 9 + c])) continue;
      const auto e = static_cast<double>(y(r, c)) - static_cast<double>(x(r, c));
      sum += (mask(r, c) != 0 ? 3 : 0.5) * e * e;
      ++count;
    }
    if (count > 0) loss += sum / static_cast<double>(count);
  }
  EXPECT_NEAR(sums.loss, loss, 1e-5 * loss);
}

TEST(MissingInput, feeds_layers_below_a_stacked_model) {
  AutoencoderSpec spec = masking_spec();
  spec.missing_indicator = true;
  const Autoencoder below(spec);
  MaskedTrial trial(spec);
  AutoencoderSpec top;
  top.encoder = {7, 4};
  top.missing = Missing::refuse;
  const Stacked stacked(below.network(), {0, 1}, trial.parameters.data(),
                        std::make_unique<Autoencoder>(top), below.missing_input());
  EXPECT_EQ(stacked.features(), 9);
  Workspace workspace = stacked.make_workspace(trial.rows);
  Buffer<float> parameters(stacked.layout().size());
  const LossSums sums = stacked.evaluate(parameters.data(), trial.t(), workspace);
  EXPECT_TRUE(std::isfinite(sums.loss));
  EXPECT_GT(sums.loss, 0);
}

TEST(MissingInput, refuses_what_it_cannot_be_combined_with) {
  const auto refused = [](auto change) {
    AutoencoderSpec spec = masking_spec();
    change(spec);
    EXPECT_THROW(Autoencoder{spec}, Error);
  };
  refused([](AutoencoderSpec& spec) {
    spec.encoder = layer_list_from("3x3,7,3");
    spec.loss = Loss::ssim;
  });
  refused([](AutoencoderSpec& spec) {
    spec.tied = true;
    spec.missing_indicator = true;
  });
  refused([](AutoencoderSpec& spec) {
    spec.regularization.contractive = 0.1;
    spec.missing_indicator = true;
  });
  refused([](AutoencoderSpec& spec) {
    spec.missing = Missing::mean;
    spec.missing_indicator = true;
  });
}

}  // namespace
}  // namespace hourglass
