#include "export/export.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"
#include "support/expect_error.hpp"
#include "support/small_model.hpp"

namespace hourglass {
namespace {

using Kind = ExportStep::Kind;

std::vector<Kind> kinds_of(const std::vector<ExportStep>& steps) {
  std::vector<Kind> kinds;
  for (const ExportStep& step : steps) kinds.push_back(step.kind);
  return kinds;
}

AutoencoderSpec dense_spec() {
  AutoencoderSpec spec;
  spec.encoder = {5, 4, 2};
  return spec;
}

TEST(ModelPart, is_read_by_its_name) {
  EXPECT_EQ(model_part_from("encoder"), ModelPart::encoder);
  EXPECT_EQ(model_part_from("decoder"), ModelPart::decoder);
  EXPECT_EQ(model_part_from("autoencoder"), ModelPart::autoencoder);
  io_test::expect_error(ErrorKind::usage, "encoder, decoder, autoencoder",
                        [] { static_cast<void>(model_part_from("coder")); });
}

TEST(ExportSteps, are_layers_and_activations_in_order) {
  const Model model = small_model(dense_spec());
  const auto encoder = export_steps(model, ModelPart::encoder);
  ASSERT_EQ(kinds_of(encoder), (std::vector{Kind::linear, Kind::activation, Kind::linear}));
  EXPECT_EQ(encoder[0].name, "encoder/0");
  EXPECT_EQ(encoder[0].inputs, 5);
  EXPECT_EQ(encoder[0].outputs, 4);
  EXPECT_EQ(encoder[0].weight, tensor_of(model, "encoder/0/weight"));
  EXPECT_EQ(encoder[0].bias, tensor_of(model, "encoder/0/bias"));
  EXPECT_EQ(encoder[1].activation, Activation::relu);
  EXPECT_EQ(encoder[2].name, "encoder/1");
  const auto decoder = export_steps(model, ModelPart::decoder);
  ASSERT_EQ(kinds_of(decoder),
            (std::vector{Kind::linear, Kind::activation, Kind::linear, Kind::activation}));
  EXPECT_EQ(decoder[0].name, "decoder/0");
  EXPECT_EQ(decoder[2].weight, tensor_of(model, "decoder/1/weight"));
  EXPECT_EQ(decoder[3].activation, Activation::sigmoid);
  EXPECT_EQ(export_steps(model, ModelPart::autoencoder).size(), encoder.size() + decoder.size());
}

TEST(ExportSteps, write_tied_weights_out) {
  AutoencoderSpec spec = dense_spec();
  spec.tied = true;
  const Model model = small_model(spec);
  const auto decoder = export_steps(model, ModelPart::decoder);
  const std::vector<float> mirrored = tensor_of(model, "encoder/1/weight");  // 2 x 4
  ASSERT_EQ(decoder[0].outputs, 4);
  ASSERT_EQ(decoder[0].inputs, 2);
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t c = 0; c < 2; ++c)
      EXPECT_EQ(decoder[0].weight[r * 2 + c], mirrored[c * 4 + r]);
  }
}

TEST(ExportSteps, take_the_mean_of_a_variational_code) {
  AutoencoderSpec spec = dense_spec();
  spec.regularization.variational = true;
  const Model model = small_model(spec);
  const ExportStep code = export_steps(model, ModelPart::encoder).back();
  EXPECT_EQ(code.outputs, 2);
  std::vector<float> weight = tensor_of(model, "encoder/1/weight");
  ASSERT_EQ(weight.size(), 16U) << "means and logarithms of variances";
  weight.resize(8);
  EXPECT_EQ(code.weight, weight);
  EXPECT_EQ(code.bias.size(), 2U);
}

TEST(ExportSteps, know_layer_normalisation_and_sparse_codes) {
  AutoencoderSpec spec = dense_spec();
  spec.layer_norm = true;
  EXPECT_EQ(kinds_of(export_steps(small_model(spec), ModelPart::encoder)),
            (std::vector{Kind::linear, Kind::layer_norm, Kind::activation, Kind::linear}));
  spec.layer_norm = false;
  spec.regularization.k_sparse = 1;
  spec.regularization.k_sparse_alpha = 2;
  const auto steps = export_steps(small_model(spec), ModelPart::encoder);
  EXPECT_EQ(steps.back().kind, Kind::top_k);
  EXPECT_EQ(steps.back().k, 2);
}

TEST(ExportSteps, know_the_images_of_convolutions) {
  AutoencoderSpec spec;
  spec.encoder = layer_list_from("4x4x1,conv:3x3s2,2");
  const Model model = small_model(spec);
  const auto steps = export_steps(model, ModelPart::autoencoder);
  EXPECT_EQ(steps.front().kind, Kind::convolution);
  EXPECT_EQ(steps.front().input_image, (ImageShape{4, 4, 1}));
  EXPECT_EQ(steps.front().output_image, (ImageShape{2, 2, 3}));
  EXPECT_EQ(steps.front().window.stride.height, 2);
  EXPECT_EQ(steps[steps.size() - 2].kind, Kind::transposed_convolution);
  EXPECT_EQ(steps[steps.size() - 2].output_image, (ImageShape{4, 4, 1}));
}

}  // namespace
}  // namespace hourglass
