#include "model/architecture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include <string>
#include <vector>

#include "hourglass/core/error.hpp"
#include "model/autoencoder_trial.hpp"

namespace hourglass {
namespace {

AutoencoderSpec small_spec() {
  AutoencoderSpec spec;
  spec.encoder = {9, 6, 4};
  return spec;
}

std::vector<std::string> names(const Layout& layout) {
  std::vector<std::string> result;
  for (const Tensor& tensor : layout.tensors()) result.push_back(tensor.name);
  return result;
}

struct Built {
  explicit Built(const AutoencoderSpec& spec)
      : architecture(build_architecture(with_defaults(spec), layout)) {}
  [[nodiscard]] Index layers() const { return architecture.network.layer_count(); }

  Layout layout;
  Architecture architecture;
};

TEST(WithDefaults, decoder_mirrors_the_encoder) {
  EXPECT_EQ(with_defaults(small_spec()).decoder, (LayerList{4, 6, 9}));
  AutoencoderSpec spec = small_spec();
  spec.decoder = {4, 9};
  EXPECT_EQ(with_defaults(spec).decoder, (LayerList{4, 9}));
}

TEST(WithDefaults, image_is_that_of_the_first_layer) {
  AutoencoderSpec spec;
  spec.encoder = layer_list_from("4x4,conv:3x3s2,5");
  EXPECT_EQ(with_defaults(spec).image, (ImageShape{4, 4, 1}));
}

TEST(WithDefaults, refuses_what_does_not_fit) {
  AutoencoderSpec spec = small_spec();
  spec.decoder = {5, 9};
  EXPECT_THROW(static_cast<void>(with_defaults(spec)), Error);
}

TEST(BuildArchitecture, plain_layers_and_their_roles) {
  const Built built(small_spec());
  EXPECT_EQ(built.layers(), 4);
  EXPECT_EQ(built.architecture.code_layer, 1);
  EXPECT_EQ(built.architecture.posterior_layer, -1);
  EXPECT_EQ(built.architecture.hidden_layers, (std::vector<Index>{0, 2}));
  EXPECT_EQ(built.architecture.encoder_layers.size(), 2U);
  ASSERT_NE(built.architecture.output_layer, nullptr);
  EXPECT_EQ(built.architecture.output_layer->outputs(), 9);
  EXPECT_EQ(built.architecture.output_layer->activation(), Activation::linear)
      << "the loss applies the output activation";
}

TEST(BuildArchitecture, normalisation_and_noise_are_layers) {
  AutoencoderSpec spec = small_spec();
  spec.layer_norm = true;
  spec.regularization.hidden_noise = noise_from("dropout:0.5");
  spec.regularization.code_noise = noise_from("gaussian:0.1");
  const Built built(spec);
  // Affine map, norm, activation and noise of each hidden layer; code, its noise; output.
  EXPECT_EQ(built.layers(), 4 + 2 + 4 + 1);
  EXPECT_EQ(built.architecture.code_layer, 4);
  EXPECT_EQ(built.architecture.hidden_layers, (std::vector<Index>{2, 8}))
      << "the activations, before noise";
  EXPECT_TRUE(built.architecture.encoder_layers.empty()) << "not a plain encoder";
}

TEST(BuildArchitecture, code_of_k_sparse_and_variational_autoencoders) {
  AutoencoderSpec spec = small_spec();
  spec.regularization.k_sparse = 2;
  EXPECT_EQ(Built(spec).architecture.code_layer, 2) << "behind the selection";
  spec.regularization.k_sparse = 0;
  spec.regularization.variational = true;
  const Built built(spec);
  EXPECT_EQ(built.architecture.posterior_layer, 1);
  EXPECT_EQ(built.architecture.code_layer, 2);
  EXPECT_EQ(built.architecture.network.layer(1).outputs(), 8) << "means and log-variances";
  EXPECT_EQ(built.architecture.network.layer(2).outputs(), 4);
}

TEST(BuildArchitecture, tied_decoders_have_biases_only) {
  AutoencoderSpec spec = small_spec();
  spec.tied = true;
  EXPECT_EQ(names(Built(spec).layout),
            (std::vector<std::string>{"encoder/0/weight", "encoder/0/bias", "encoder/1/weight",
                                      "encoder/1/bias", "decoder/0/bias", "decoder/1/bias"}));
}

/// Five samples of two conditions: two categories, one of them unknown once, and one.
struct Conditioned {
  explicit Conditioned(AutoencoderSpec spec) {
    spec.conditions = {{"batch", {"a", "b"}}, {"donor", {"only"}}};
    trial.emplace(spec);
    context.training = true;
    context.conditions = table;
    context.sample_ids = ids;
  }
  double loss() {
    return trial->model
        .train_pass(trial->parameters.data(), trial->x(), trial->t(), 1, trial->workspace,
                    trial->gradient.data(), context, {})
        .loss;
  }
  [[nodiscard]] const Tensor& tensor(const std::string& name) const {
    for (const Tensor& tensor : trial->model.layout().tensors())
      if (tensor.name == name) return tensor;
    throw std::runtime_error(name);
  }

  std::vector<std::uint64_t> ids = {0, 1, 2, 3, 4};
  std::vector<std::int32_t> table = {0, 2, 1, 2, -1, 2, 1, -1, 0, 2};
  std::optional<autoencoder_test::Trial> trial;
  PassContext context;
};

TEST(BuildArchitecture, conditions_enter_the_first_layers) {
  AutoencoderSpec spec = autoencoder_test::small_spec();
  spec.activation = Activation::tanh;
  for (const bool normalizes : {false, true}) {
    spec.layer_norm = normalizes;
    for (const bool variational : {false, true}) {
      spec.regularization.variational = variational;
      spec.regularization.beta = 0;
      Conditioned model(spec);
      EXPECT_EQ(model.tensor("encoder/0/condition").shape, (std::vector<Index>{3, 7}));
      EXPECT_EQ(model.tensor("decoder/0/condition").shape, (std::vector<Index>{3, 5}));
      model.loss();
      const Buffer<float> gradient = [&] {
        Buffer<float> copy(model.trial->gradient.size());
        std::ranges::copy(model.trial->gradient.span(), copy.span().begin());
        return copy;
      }();
      for (const char* name : {"encoder/0/condition", "decoder/0/condition"}) {
        const Tensor& tensor = model.tensor(name);
        for (Index i = 0; i < tensor.size; i += 4) {
          float& parameter = model.trial->parameters[tensor.offset + i];
          const float middle = parameter;
          constexpr float step = 0.01F;
          parameter = middle + step;
          const double above = model.loss();
          parameter = middle - step;
          const double below = model.loss();
          parameter = middle;
          EXPECT_NEAR(gradient[tensor.offset + i],
                      (above - below) / (2 * static_cast<double>(step)), 2e-3)
              << name << " " << i;
        }
      }
    }
  }
}

TEST(BuildArchitecture, conditions_of_passes_without_training) {
  AutoencoderSpec spec = autoencoder_test::small_spec();
  spec.encoder = {9, 3};
  Conditioned model(spec);
  autoencoder_test::Trial& trial = *model.trial;
  const auto code = [&](std::span<const std::int32_t> conditions) {
    trial.workspace.set_conditions(conditions);
    return autoencoder_test::copy_of(
        trial.model.encode(trial.parameters.data(), trial.x(), trial.workspace));
  };
  const std::vector<float> known = code(model.table);
  const std::vector<float> unknown = code({});
  EXPECT_NE(known, unknown);
  const Tensor& tensor = model.tensor("encoder/0/condition");
  const float* const bias = trial.parameters.data() + tensor.offset;
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_FLOAT_EQ(known[c], unknown[c] + bias[c] + bias[2 * 3 + c]);
}

TEST(WithDefaults, conditions_need_dense_first_layers) {
  AutoencoderSpec spec = autoencoder_test::small_spec();
  spec.conditions = {{"batch", {"a"}}};
  spec.regularization.contractive = 0.1;
  EXPECT_THROW((void)with_defaults(spec), Error);
}

}  // namespace
}  // namespace hourglass
