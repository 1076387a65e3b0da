#include <gtest/gtest.h>

#include "export/export.hpp"
#include "export/safetensors_reader.hpp"
#include "support/expect_error.hpp"
#include "support/small_model.hpp"

namespace hourglass {
namespace {

nlohmann::json modules_of(const SafetensorsReader& file) {
  return nlohmann::json::parse(file.metadata("modules"));
}

TEST(ToTorch, numbers_tensors_by_their_modules) {
  AutoencoderSpec spec;
  spec.encoder = {5, 4, 2};
  const Model model = small_model(spec);
  const SafetensorsReader file(to_torch(model));
  EXPECT_EQ(modules_of(file)["encoder"],
            (std::vector<std::string>{"Linear(5, 4)", "ReLU()", "Linear(4, 2)"}));
  EXPECT_EQ(modules_of(file)["decoder"],
            (std::vector<std::string>{"Linear(2, 4)", "ReLU()", "Linear(4, 5)", "Sigmoid()"}));
  EXPECT_EQ(file.tensor("encoder.0.weight"), tensor_of(model, "encoder/0/weight"));
  EXPECT_EQ(file.tensor("encoder.2.bias"), tensor_of(model, "encoder/1/bias"));
  EXPECT_EQ(file.tensor("decoder.2.weight"), tensor_of(model, "decoder/1/weight"));
  EXPECT_FALSE(file.header.contains("encoder.1.weight"));
  EXPECT_FALSE(file.header.at("__metadata__").contains("images"));
}

TEST(ToTorch, names_the_module_of_every_activation) {
  const std::pair<Activation, const char*> modules[] = {
      {Activation::sigmoid, "Sigmoid()"}, {Activation::tanh, "Tanh()"},
      {Activation::relu, "ReLU()"},       {Activation::leaky_relu, "LeakyReLU(0.01)"},
      {Activation::elu, "ELU()"},         {Activation::selu, "SELU()"},
      {Activation::gelu, "GELU()"},       {Activation::softplus, "Softplus()"},
      {Activation::silu, "SiLU()"}};
  for (const auto& [activation, module] : modules) {
    AutoencoderSpec spec;
    spec.encoder = {3, 2};
    spec.code_activation = activation;
    EXPECT_EQ(modules_of(SafetensorsReader(to_torch(small_model(spec))))["encoder"].back(), module);
  }
}

TEST(ToTorch, turns_the_columns_behind_a_convolution_to_channels_first) {
  AutoencoderSpec spec;
  spec.encoder = layer_list_from("2x2x1,conv:2x1,3");
  const Model model = small_model(spec);
  const SafetensorsReader file(to_torch(model));
  EXPECT_EQ(
      modules_of(file)["encoder"],
      (std::vector<std::string>{"Unflatten(1, (1, 2, 2))", "Conv2d(1, 2, (1, 1), (1, 1), (0, 0))",
                                "ReLU()", "Flatten()", "Linear(8, 3)"}));
  EXPECT_EQ(file.shape("encoder.1.weight"), (std::vector<Index>{2, 1, 1, 1}));
  const std::vector<float> ours = tensor_of(model, "encoder/1/weight");  // columns pixel, channel
  const std::vector<float> theirs = file.tensor("encoder.4.weight");     // columns channel, pixel
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t pixel = 0; pixel < 4; ++pixel) {
      for (std::size_t channel = 0; channel < 2; ++channel)
        EXPECT_EQ(theirs[row * 8 + channel * 4 + pixel], ours[row * 8 + pixel * 2 + channel]);
    }
  }
  EXPECT_EQ(nlohmann::json::parse(file.metadata("images"))["input"], (std::vector<Index>{1, 2, 2}));
}

TEST(ToTorch, refuses_what_has_no_module) {
  AutoencoderSpec spec;
  spec.encoder = {3, 2};
  spec.regularization.k_sparse = 1;
  io_test::expect_error(ErrorKind::usage, "export onnx instead",
                        [&] { static_cast<void>(to_torch(small_model(spec))); });
}

}  // namespace
}  // namespace hourglass
