#include "model/dictionary.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "model/autoencoder_trial.hpp"
#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

using autoencoder_test::Trial;

AutoencoderSpec dictionary_spec() {
  AutoencoderSpec spec;
  spec.encoder = {9, 7, 12};
  spec.code_activation = Activation::relu;
  spec.output_activation = Activation::linear;
  spec.regularization.k_sparse = 4;
  return spec;
}

TEST(PreBias, names_are_read_back) {
  for (const std::string& name : pre_bias_names()) EXPECT_EQ(name_of(pre_bias_from(name)), name);
  expect_error(ErrorKind::usage, "mean, geometric-median",
               [] { static_cast<void>(pre_bias_from("median")); });
}

TEST(PreBias, is_the_last_bias_and_the_first_of_the_arena) {
  AutoencoderSpec spec = dictionary_spec();
  spec.dictionary.pre_bias = PreBias::mean;
  const Autoencoder model(spec);
  const auto& tensors = model.layout().tensors();
  ASSERT_EQ(tensors.size(), 8U);
  EXPECT_EQ(tensors[0].name, "decoder/1/bias");
  EXPECT_EQ(tensors[0].shape, std::vector<Index>{9});
  EXPECT_EQ(tensors[1].name, "encoder/0/weight");
  EXPECT_EQ(tensors[7].name, "decoder/1/weight");
}

// Shifted samples with a shifted pre-bias have the same codes, and reconstructions shifted as much.
TEST(PreBias, takes_out_of_the_code_what_it_is) {
  AutoencoderSpec spec = dictionary_spec();
  spec.dictionary.pre_bias = PreBias::mean;
  Trial trial(spec);
  const auto codes = autoencoder_test::copy_of(
      trial.model.encode(trial.parameters.data(), trial.x(), trial.workspace));
  const auto outputs = autoencoder_test::copy_of(
      trial.model.reconstruct(trial.parameters.data(), trial.x(), trial.workspace));
  for (Index i = 0; i < trial.input.size(); ++i) trial.input[i] += 4;
  for (Index c = 0; c < 9; ++c) trial.parameters[c] += 4;
  const auto shifted = autoencoder_test::copy_of(
      trial.model.encode(trial.parameters.data(), trial.x(), trial.workspace));
  for (std::size_t i = 0; i < codes.size(); ++i) EXPECT_NEAR(shifted[i], codes[i], 1e-5);
  const ConstMatrix moved =
      trial.model.reconstruct(trial.parameters.data(), trial.x(), trial.workspace);
  for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_NEAR(moved.data[i], outputs[i] + 4, 1e-5);
}

TEST(Dictionary, gradients_are_announced_tail_first_and_complete) {
  AutoencoderSpec spec = dictionary_spec();
  spec.dictionary = {PreBias::mean, true, true};
  Trial trial(spec);
  Index end = trial.model.layout().size();
  trial.train(1, [&](Range range) {
    EXPECT_EQ(range.end, end);
    for (Index i = range.begin; i < range.end; ++i) {
      for (const Tensor& tensor : trial.model.layout().tensors()) {
        if (i >= tensor.offset && i < tensor.offset + tensor.size) {
          EXPECT_FALSE(std::isnan(trial.gradient[i])) << tensor.name;
        }
      }
    }
    end = range.begin;
  });
  EXPECT_EQ(end, 0);
}

TEST(Dictionary, gradients_of_unit_atoms_lose_the_part_along_them) {
  AutoencoderSpec spec = dictionary_spec();
  Trial plain(spec);
  spec.dictionary.unit_norm = true;
  Trial constrained(spec);
  constrained.model.constrain(constrained.parameters.data(), {});
  std::ranges::copy(constrained.parameters.span(), plain.parameters.data());
  const LossSums expected = plain.train();
  EXPECT_EQ(constrained.train().loss, expected.loss);
  const Tensor& atoms =
      constrained.model.layout().tensor(constrained.model.architecture().dictionary);
  EXPECT_EQ(atoms.name, "decoder/0/weight");
  double removed = 0;
  for (Index j = 0; j < 12; ++j) {
    double norm = 0;
    double along = 0;
    double left = 0;
    for (Index i = 0; i < 7; ++i) {
      const Index at = atoms.offset + i * 12 + j;
      const auto atom = static_cast<double>(constrained.parameters[at]);
      norm += atom * atom;
      along += atom * static_cast<double>(plain.gradient[at]);
      left += atom * static_cast<double>(constrained.gradient[at]);
    }
    EXPECT_NEAR(norm, 1, 1e-6);
    EXPECT_NEAR(left, 0, 1e-6);
    removed += std::fabs(along);
    for (Index i = 0; i < 7; ++i) {
      const Index at = atoms.offset + i * 12 + j;
      EXPECT_NEAR(constrained.gradient[at],
                  static_cast<double>(plain.gradient[at]) -
                      along * static_cast<double>(constrained.parameters[at]),
                  1e-6);
    }
  }
  EXPECT_GT(removed, 0.01) << "nothing is tested";
  for (const Tensor& tensor : plain.model.layout().tensors()) {
    if (tensor.name == atoms.name) continue;
    const auto size = static_cast<std::size_t>(tensor.size);
    EXPECT_TRUE(autoencoder_test::same_bits({plain.gradient.data() + tensor.offset, size},
                                            {constrained.gradient.data() + tensor.offset, size}));
  }
}

}  // namespace
}  // namespace hourglass
