#include "model/architecture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hourglass/core/error.hpp"

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

}  // namespace
}  // namespace hourglass
