#include "model/layer_choice.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

AutoencoderSpec spec() {
  AutoencoderSpec spec;
  spec.encoder = {9, 7, 3};
  spec.decoder = {3, 5, 7, 9};
  spec.layer_norm = true;
  return spec;
}

TEST(LayerChoice, text_reads_back_exactly) {
  for (const char* text : {"", "encoder", "decoder", "encoder,decoder,2", "1,4"})
    EXPECT_EQ(to_string(layer_choice_from(text)), text);
  EXPECT_EQ(to_string(layer_choice_from(" 4 , encoder")), "encoder,4");
  for (const char* text : {"0", "-1", "1.5", "first", "1,,2", "encodr"})
    EXPECT_THROW(static_cast<void>(layer_choice_from(text)), Error) << text;
}

TEST(LayerChoice, layers_are_counted_from_the_input_on) {
  EXPECT_EQ(layer_count(spec()), 5);
  EXPECT_EQ(chosen_layers(layer_choice_from("encoder"), spec(), "freeze"),
            (std::vector<Index>{1, 2}));
  EXPECT_EQ(chosen_layers(layer_choice_from("decoder,1"), spec(), "freeze"),
            (std::vector<Index>{1, 3, 4, 5}));
  EXPECT_THROW(static_cast<void>(chosen_layers(layer_choice_from("6"), spec(), "freeze")), Error);
}

TEST(LayerChoice, every_tensor_belongs_to_a_layer) {
  AutoencoderSpec counts = spec();
  counts.loss = Loss::nb;
  counts.output_activation = Activation::linear;
  counts.conditions = {{"batch", {"a", "b"}}};
  const Autoencoder model(counts);
  for (const Tensor& tensor : model.layout().tensors()) {
    const Index layer = layer_of(counts, tensor);
    const Index wanted = tensor.name.starts_with("encoder/1/")   ? 2
                         : tensor.name.starts_with("decoder/0/") ? 3
                         : tensor.name == "dispersion"           ? 5
                                                                 : layer;
    EXPECT_EQ(layer, wanted) << tensor.name;
  }
}

}  // namespace
}  // namespace hourglass
