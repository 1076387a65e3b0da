#include "model/dictionary_start.hpp"

#include <gtest/gtest.h>

#include "model/autoencoder_trial.hpp"

namespace hourglass {
namespace {

TEST(DictionaryStart, the_encoder_begins_as_the_dictionary_transposed) {
  AutoencoderSpec spec = autoencoder_test::small_spec();
  autoencoder_test::Trial plain(spec);
  spec.dictionary.tied_start = true;
  autoencoder_test::Trial trial(spec);
  const std::vector<float> before(trial.parameters.span().begin(), trial.parameters.span().end());
  tie_start(plain.model, plain.parameters.span());
  EXPECT_TRUE(autoencoder_test::same_bits(plain.parameters.span(), before)) << "it was not asked";
  tie_start(trial.model, trial.parameters.span());
  const auto& architecture = trial.model.architecture();
  const ConstMatrix atoms = trial.model.dictionary(trial.parameters.data());
  const Tensor& weight = trial.model.layout().tensor(architecture.code_weights);
  EXPECT_EQ(weight.name, "encoder/2/weight");
  const ConstMatrix encoder(trial.parameters.data() + weight.offset, weight.shape[0],
                            weight.shape[1]);
  ASSERT_EQ(encoder.rows, 3);
  ASSERT_EQ(encoder.columns, 5);
  for (Index j = 0; j < 3; ++j) {
    for (Index c = 0; c < 5; ++c) EXPECT_EQ(encoder(j, c), atoms(c, j));
  }
  EXPECT_NE(encoder(0, 0),
            before[static_cast<std::size_t>(encoder.data - trial.parameters.data())]);
}

TEST(DictionaryStart, the_pre_bias_is_a_part_of_the_arena) {
  AutoencoderSpec spec = autoencoder_test::small_spec();
  spec.output_activation = Activation::linear;
  spec.dictionary.pre_bias = PreBias::mean;
  autoencoder_test::Trial trial(spec);
  const std::span<float> centre = pre_bias_of(trial.model, trial.parameters.span());
  EXPECT_EQ(centre.size(), 9U);
  EXPECT_EQ(centre.data(),
            trial.model.architecture().output_layer->bias(trial.parameters.data()).data());
}

}  // namespace
}  // namespace hourglass
