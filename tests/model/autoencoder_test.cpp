// An autoencoder's parameters and its passes without training.
#include "model/autoencoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "hourglass/core/error.hpp"
#include "model/autoencoder_trial.hpp"

namespace hourglass {
namespace {

using namespace autoencoder_test;

TEST(Autoencoder, lays_out_its_parameters) {
  AutoencoderSpec spec = small_spec();
  spec.decoder = {3, 4, 9};
  const Autoencoder model(spec);
  std::vector<std::string> names;
  for (const Tensor& tensor : model.layout().tensors()) names.push_back(tensor.name);
  EXPECT_EQ(names, std::vector<std::string>(
                       {"encoder/0/weight", "encoder/0/bias", "encoder/1/weight", "encoder/1/bias",
                        "encoder/2/weight", "encoder/2/bias", "decoder/0/weight", "decoder/0/bias",
                        "decoder/1/weight", "decoder/1/bias"}));
  EXPECT_EQ(model.layout().tensor(2).shape, std::vector<Index>({5, 7}));
  EXPECT_EQ(model.layout().tensor(8).shape, std::vector<Index>({9, 4}));
  EXPECT_EQ(model.features(), 9);
  EXPECT_EQ(model.code_size(), 3);
  EXPECT_EQ(model.layout().parameter_count(),
            9 * 7 + 7 + 7 * 5 + 5 + 5 * 3 + 3 + 3 * 4 + 4 + 4 * 9 + 9);
}

TEST(Autoencoder, roles_name_fans_of_every_tensor) {
  const Autoencoder model(small_spec());
  const auto roles = model.roles();
  ASSERT_EQ(roles.size(), model.layout().tensors().size());
  for (std::size_t i = 0; i < roles.size(); ++i) {
    EXPECT_EQ(roles[i].slot, static_cast<Slot>(i));
    EXPECT_EQ(roles[i].bias, i % 2 == 1);
    const Tensor& weight = model.layout().tensor(static_cast<Slot>(i - i % 2));
    EXPECT_EQ(roles[i].fan_out, weight.shape[0]);
    EXPECT_EQ(roles[i].fan_in, weight.shape[1]);
  }
}

TEST(Autoencoder, counts_operations_of_its_products) {
  // Forward 2, weight gradient 2, input gradient 2 a weight; none of the last in the first layer.
  EXPECT_DOUBLE_EQ(Autoencoder(small_spec()).flops_per_sample(),
                   4 * 63 + 6 * (35 + 15 + 15 + 35 + 63));
}

TEST(Autoencoder, moved_model_works) {
  Trial trial(small_spec());
  trial.train();
  const std::vector<float> expected(trial.gradient.span().begin(), trial.gradient.span().end());
  const Autoencoder moved(std::move(trial.model));
  Workspace workspace = moved.make_workspace(trial.rows);
  Buffer<float> gradient(moved.layout().size());
  std::ranges::fill(gradient.span(), nan_value);
  moved.train_pass(trial.parameters.data(), {trial.input.data(), trial.rows, 9},
                   {trial.target.data(), trial.rows, 9}, 1, workspace, gradient.data(), training,
                   {});
  EXPECT_TRUE(same_bits(gradient.span(), expected));
}

TEST(Autoencoder, refuses_specs_naming_the_settings) {
  struct Case {
    LayerList encoder;
    LayerList decoder;
    Loss loss;
    Activation output;
    std::vector<std::string> mentions;
  };
  const auto sigmoid = Activation::sigmoid;
  for (const auto& [encoder, decoder, loss, output, mentions] : std::vector<Case>{
           {{}, {}, Loss::mse, sigmoid, {"--layers"}},
           {{784}, {}, Loss::mse, sigmoid, {"--layers", "784"}},
           {{784, 0}, {}, Loss::mse, sigmoid, {"--layers", "0"}},
           {{784, -5, 30}, {}, Loss::mse, sigmoid, {"--layers", "-5"}},
           {{784, 30}, {30}, Loss::mse, sigmoid, {"--decoder-layers"}},
           {{784, 30}, {31, 784}, Loss::mse, sigmoid, {"--decoder-layers", "--layers", "31", "30"}},
           {{784, 30}, {30, 0, 784}, Loss::mse, sigmoid, {"--decoder-layers", "0"}},
           {{784, 30},
            {30, 783},
            Loss::mse,
            sigmoid,
            {"--decoder-layers", "--layers", "783", "784"}},
           {{784, 30},
            {},
            Loss::bce,
            Activation::linear,
            {"--loss", "bce", "--output-activation", "linear"}},
       }) {
    AutoencoderSpec spec;
    spec.encoder = encoder;
    spec.decoder = decoder;
    spec.loss = loss;
    spec.output_activation = output;
    try {
      const Autoencoder model(spec);
      FAIL() << "accepted what should mention " << mentions.back();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      for (const auto& mention : mentions)
        EXPECT_NE(std::string(error.what()).find(mention), std::string::npos) << error.what();
    }
  }
}

TEST(Inference, encode_decode_and_reconstruct_agree) {
  for (const auto& name : activation_names()) {
    AutoencoderSpec spec = small_spec();
    spec.activation = activation_from(name);
    Trial trial(spec);
    const float* parameters = trial.parameters.data();
    const auto codes = copy_of(trial.model.encode(parameters, trial.x(), trial.workspace));
    Workspace other = trial.model.make_workspace(trial.rows);
    const auto decoded =
        copy_of(trial.model.decode(parameters, {codes.data(), trial.rows, 3}, other));
    const auto reconstructed =
        copy_of(trial.model.reconstruct(parameters, trial.x(), trial.workspace));
    EXPECT_TRUE(same_bits(decoded, reconstructed)) << name;
    EXPECT_EQ(codes.size(), static_cast<std::size_t>(trial.rows * 3));
    EXPECT_EQ(decoded.size(), static_cast<std::size_t>(trial.rows * 9));
  }
}

TEST(Inference, evaluate_equals_the_loss_of_training) {
  for (const Loss loss : {Loss::mse, Loss::bce}) {
    AutoencoderSpec spec = small_spec();
    spec.loss = loss;
    Trial trial(spec);
    const LossSums evaluated =
        trial.model.evaluate(trial.parameters.data(), trial.x(), trial.workspace);
    const LossSums trained =
        trial.model.train_pass(trial.parameters.data(), trial.x(), trial.x(), 1, trial.workspace,
                               trial.gradient.data(), training, {});
    EXPECT_EQ(evaluated.loss, trained.loss);
    EXPECT_EQ(evaluated.squared_error, trained.squared_error);
    EXPECT_GT(evaluated.loss, 0);
  }
}

TEST(Inference, no_rows_give_an_empty_result) {
  Trial trial(small_spec());
  const ConstMatrix none(trial.input.data(), 0, 9);
  EXPECT_EQ(trial.model.encode(trial.parameters.data(), none, trial.workspace).rows, 0);
  EXPECT_EQ(trial.model.reconstruct(trial.parameters.data(), none, trial.workspace).rows, 0);
  EXPECT_EQ(trial.model.evaluate(trial.parameters.data(), none, trial.workspace).loss, 0);
}

}  // namespace
}  // namespace hourglass
