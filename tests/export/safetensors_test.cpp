#include <gtest/gtest.h>

#include "export/export.hpp"
#include "export/safetensors_reader.hpp"
#include "support/small_model.hpp"

namespace hourglass {
namespace {

Model two_layer_model() {
  AutoencoderSpec spec;
  spec.encoder = {3, 2};
  return small_model(spec);
}

TEST(ToSafetensors, holds_every_parameter_under_its_name) {
  const Model model = two_layer_model();
  const SafetensorsReader file(to_safetensors(model));
  EXPECT_TRUE(file.aligned);
  std::size_t bytes = 0;
  for (const Tensor& tensor : model.network->layout().tensors()) {
    std::string name = tensor.name;
    std::ranges::replace(name, '/', '.');
    EXPECT_EQ(file.header.at(name).at("dtype"), "F32");
    EXPECT_EQ(file.shape(name), tensor.shape);
    EXPECT_EQ(file.tensor(name), tensor_of(model, tensor.name));
    bytes += static_cast<std::size_t>(tensor.size) * sizeof(float);
  }
  EXPECT_EQ(file.data.size(), bytes) << "no padding, nothing else";
  EXPECT_EQ(file.header.size(), model.network->layout().tensors().size() + 1);
}

TEST(ToSafetensors, tells_where_the_model_comes_from) {
  const SafetensorsReader file(to_safetensors(two_layer_model()));
  EXPECT_EQ(file.metadata("configuration"), "layers = small\n");
  EXPECT_EQ(file.metadata("weights_digest"), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(file.metadata("input_divisor"), "1");
}

TEST(ToSafetensors, holds_the_normalisation_where_there_is_one) {
  Model model = two_layer_model();
  EXPECT_FALSE(SafetensorsReader(to_safetensors(model)).header.contains("input.mean"));
  model.transform = {255, {1, 2, 3}, {4, 5, 6}};
  const SafetensorsReader file(to_safetensors(model));
  EXPECT_EQ(file.metadata("input_divisor"), "255");
  EXPECT_EQ(file.tensor("input.mean"), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(file.tensor("input.inverse_deviation"), (std::vector<float>{4, 5, 6}));
}

TEST(ToSafetensors, describes_what_rebuilds_the_model) {
  AutoencoderSpec spec;
  spec.encoder = {5, 4, 2};
  spec.activation = Activation::tanh;
  spec.tied = true;
  spec.layer_norm = true;
  spec.output_activation = Activation::sigmoid;
  Model model = small_model(spec);
  model.transform = {255, {1, 2, 3, 4, 5}, {5, 4, 3, 2, 1}};
  const SafetensorsReader file(to_safetensors(model));
  using Json = nlohmann::json;
  const Json layers = Json::parse(file.metadata("layers"));
  const Json first = {
      {"type", "linear"}, {"weight", "encoder.0.weight"}, {"bias", "encoder.0.bias"}, {"inputs", 5},
      {"outputs", 4},     {"transposed", false}};
  EXPECT_EQ(layers.at("encoder").at(0), first);
  EXPECT_EQ(layers.at("encoder").at(1).at("type"), "layer-norm");
  const Json activation = {{"type", "activation"}, {"function", "tanh"}};
  EXPECT_EQ(layers.at("encoder").at(2), activation);
  const Json mirrored = {{"type", "linear"},
                         {"weight", "encoder.1.weight"},
                         {"bias", "decoder.0.bias"},
                         {"inputs", 2},
                         {"outputs", 4},
                         {"transposed", true}};
  EXPECT_EQ(layers.at("decoder").at(0), mirrored);
  EXPECT_EQ(layers.at("decoder").back().at("function"), "sigmoid");
  for (const auto& part : layers) {
    for (const Json& layer : part) {
      if (!layer.contains("weight")) continue;
      EXPECT_TRUE(file.header.contains(layer.at("weight").get<std::string>()));
      EXPECT_TRUE(file.header.contains(layer.at("bias").get<std::string>()));
    }
  }
  const Json normalization = Json::parse(file.metadata("normalization"));
  EXPECT_EQ(normalization.at("divisor"), 255);
  EXPECT_EQ(normalization.at("mean"), "input.mean");
  EXPECT_EQ(normalization.at("limit"), 1e6);
  spec.missing_indicator = true;
  spec.tied = false;
  spec.missing = Missing::mask;
  EXPECT_FALSE(SafetensorsReader(to_safetensors(small_model(spec)))
                   .header.at("__metadata__")
                   .contains("layers"))
      << "only this program has an indicator";
}

TEST(ToSafetensors, a_mean_of_more_digits_is_in_double) {
  Model model = two_layer_model();
  model.transform = {1, {1.7e9F, 2, 3}, {4, 5, 6}, {1.7e9 + 50, 2, 3}};
  const SafetensorsReader file(to_safetensors(model));
  EXPECT_EQ(file.header.at("input.mean").at("dtype"), "F64");
  const std::vector<float> halves = file.tensor("input.mean");
  ASSERT_EQ(halves.size(), 6U);
  double first = 0;
  std::memcpy(&first, halves.data(), sizeof first);
  EXPECT_EQ(first, 1.7e9 + 50);
}

}  // namespace
}  // namespace hourglass
