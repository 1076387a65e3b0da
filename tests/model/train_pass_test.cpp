// An autoencoder's training pass: loss, gradients and outputs against the reference in double, for
// every activation in every place, and the promises of the pass.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "hourglass/core/error.hpp"
#include "model/autoencoder.hpp"
#include "model/autoencoder_trial.hpp"
#include "nn/reference.hpp"

namespace hourglass {
namespace {

using namespace autoencoder_test;

/// Every parameter's gradient against central differences of the reference, and the loss sums.
void expect_right_gradient(const AutoencoderSpec& spec) {
  Trial trial(spec);
  const float scale = 0.5F;
  const LossSums sums = trial.train(scale);
  const reference::Autoencoder exact(trial.model);
  const auto inputs = Trial::double_rows(trial.x());
  const auto targets = Trial::double_rows(trial.t());
  const reference::Vector parameters = trial.double_parameters();
  const auto loss = [&](const reference::Vector& p) { return exact.loss(p, inputs, targets); };
  EXPECT_NEAR(sums.loss, loss(parameters), 2e-6 * loss(parameters));
  EXPECT_NEAR(sums.squared_error, exact.squared_error(parameters, inputs, targets),
              2e-6 * sums.squared_error);
  for (const Tensor& tensor : trial.model.layout().tensors()) {
    double largest = 0;
    std::vector<double> expected;
    for (Index i = 0; i < tensor.size; ++i) {
      expected.push_back(
          scale *
          reference::derivative(loss, parameters, static_cast<std::size_t>(tensor.offset + i)));
      largest = std::max(largest, std::fabs(expected.back()));
    }
    EXPECT_GT(largest, 0) << tensor.name << " has no gradient: nothing is tested";
    for (Index i = 0; i < tensor.size; ++i) {
      const double exact_value = expected[static_cast<std::size_t>(i)];
      ASSERT_NEAR(trial.gradient[tensor.offset + i], exact_value,
                  1e-4 * std::fabs(exact_value) + 3e-6 * largest)
          << tensor.name << "[" << i << "]";
    }
    for (Index i = tensor.offset + tensor.size;
         i < round_up(tensor.offset + tensor.size, cell_floats); ++i) {
      ASSERT_TRUE(std::isnan(trial.gradient[i])) << "padding of " << tensor.name << " was written";
    }
  }
}

class EveryActivationInside : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Nn, EveryActivationInside, testing::ValuesIn(activation_names()),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST_P(EveryActivationInside, hidden_gradient_equals_finite_differences) {
  for (const Loss loss : {Loss::mse, Loss::bce}) {
    AutoencoderSpec spec = small_spec();
    spec.activation = activation_from(GetParam());
    spec.loss = loss;
    expect_right_gradient(spec);
  }
}

TEST_P(EveryActivationInside, code_gradient_equals_finite_differences) {
  AutoencoderSpec spec = small_spec();
  spec.activation = Activation::tanh;
  spec.code_activation = activation_from(GetParam());
  expect_right_gradient(spec);
}

TEST_P(EveryActivationInside, output_gradient_equals_finite_differences) {
  AutoencoderSpec spec = small_spec();
  spec.activation = Activation::tanh;
  spec.output_activation = activation_from(GetParam());
  for (const bool mean : {false, true}) {
    spec.feature_mean = mean;
    expect_right_gradient(spec);
  }
}

TEST_P(EveryActivationInside, passes_equal_reference) {
  AutoencoderSpec spec = small_spec();
  spec.activation = activation_from(GetParam());
  spec.output_activation = Activation::softplus;
  Trial trial(spec);
  const reference::Autoencoder exact(trial.model);
  const auto codes =
      copy_of(trial.model.encode(trial.parameters.data(), trial.x(), trial.workspace));
  const auto reconstructions =
      copy_of(trial.model.reconstruct(trial.parameters.data(), trial.x(), trial.workspace));
  const auto inputs = Trial::double_rows(trial.x());
  for (std::size_t r = 0; r < inputs.size(); ++r) {
    const auto code = exact.code(trial.double_parameters(), inputs[r]);
    const auto reconstruction = exact.reconstruction(trial.double_parameters(), inputs[r]);
    for (std::size_t c = 0; c < 3; ++c)
      ASSERT_NEAR(codes[r * 3 + c], code[c], 3e-6 * (1 + std::fabs(code[c])));
    for (std::size_t c = 0; c < 9; ++c)
      ASSERT_NEAR(reconstructions[r * 9 + c], reconstruction[c], 3e-6 * (1 + reconstruction[c]));
  }
}

TEST(AutoencoderGradient, other_shapes) {
  for (const auto& [encoder, decoder] :
       std::vector<std::pair<LayerList, LayerList>>{{{6, 2}, {}},
                                                    {{4, 20, 11}, {}},
                                                    {{5, 1}, {1, 17, 3, 5}},
                                                    {{1, 1}, {}},
                                                    {{3, 8}, {}},
                                                    {{6, 5, 4, 3, 2}, {2, 6}}}) {
    AutoencoderSpec spec;
    spec.encoder = encoder;
    spec.decoder = decoder;
    spec.activation = Activation::gelu;
    spec.loss = Loss::bce;
    expect_right_gradient(spec);
  }
}

TEST(TrainPass, announces_the_arena_tail_first) {
  Trial trial(small_spec());
  Index position = trial.model.layout().size();
  int count = 0;
  trial.train(1, [&](Range range) {
    EXPECT_EQ(range.end, position);
    EXPECT_EQ(range.begin % cell_floats, 0);
    EXPECT_LT(range.begin, range.end);
    // What is announced is final: nothing in front of it is written yet (the arena was NaN before).
    for (const Tensor& tensor : trial.model.layout().tensors()) {
      const bool announced = tensor.offset >= range.begin;
      for (Index i = 0; i < tensor.size; ++i) {
        ASSERT_EQ(std::isnan(trial.gradient[tensor.offset + i]), !announced) << tensor.name;
      }
    }
    position = range.begin;
    ++count;
  });
  EXPECT_EQ(position, 0);
  EXPECT_EQ(count, 6);
}

TEST(TrainPass, no_rows_write_zeros) {
  Trial trial(small_spec(), 0);
  Index announced = 0;
  const LossSums sums = trial.train(1, [&](Range range) { announced += range.size(); });
  EXPECT_EQ(announced, trial.model.layout().size());
  EXPECT_EQ(sums.loss, 0);
  EXPECT_EQ(sums.squared_error, 0);
  for (const Tensor& tensor : trial.model.layout().tensors()) {
    for (Index i = 0; i < tensor.size; ++i) ASSERT_EQ(trial.gradient[tensor.offset + i], 0.0F);
  }
}

TEST(TrainPass, does_not_depend_on_what_the_workspace_held) {
  for (const auto& name : activation_names()) {
    AutoencoderSpec spec = small_spec();
    spec.activation = activation_from(name);
    Trial trial(spec);
    const LossSums first = trial.train();
    const std::vector<float> expected(trial.gradient.span().begin(), trial.gradient.span().end());
    for (Index layer = 0; layer < trial.model.network().layer_count(); ++layer) {
      const Index rows = trial.workspace.max_rows();
      for (const Matrix memory :
           {trial.workspace.output(layer, rows), trial.workspace.output_gradient(layer, rows)}) {
        std::fill_n(memory.data, memory.rows * memory.columns, nan_value);
      }
      std::ranges::fill(trial.workspace.scratch(layer, rows), nan_value);
    }
    const LossSums second = trial.train();
    EXPECT_EQ(first.loss, second.loss) << name;
    EXPECT_TRUE(same_bits(trial.gradient.span(), expected)) << name;
  }
}

TEST(TrainPass, larger_workspace_and_strided_samples_give_the_same_bits) {
  Trial trial(small_spec());
  const LossSums first = trial.train();
  const std::vector<float> expected(trial.gradient.span().begin(), trial.gradient.span().end());
  Workspace large = trial.model.make_workspace(100);
  Buffer<float> wide(trial.rows * 20);
  for (Index r = 0; r < trial.rows; ++r) {
    for (Index c = 0; c < 9; ++c) {
      wide[r * 20 + c] = trial.x()(r, c);
      wide[r * 20 + 10 + c] = trial.t()(r, c);
    }
  }
  const LossSums second = trial.model.train_pass(
      trial.parameters.data(), {wide.data(), trial.rows, 9, 20},
      {wide.data() + 10, trial.rows, 9, 20}, 1, large, trial.gradient.data(), training, {});
  EXPECT_EQ(first.loss, second.loss);
  EXPECT_TRUE(same_bits(trial.gradient.span(), expected));
}

TEST(TrainPass, nan_in_one_sample_reaches_the_loss) {
  for (const auto& name : activation_names()) {
    AutoencoderSpec spec = small_spec();
    spec.activation = activation_from(name);
    Trial trial(spec);
    trial.input[7] = nan_value;
    EXPECT_TRUE(std::isnan(trial.train().loss)) << name;
  }
}

TEST(TrainPass, refuses_what_does_not_fit) {
  Trial trial(small_spec());
  const auto train = [&](ConstMatrix input, ConstMatrix target) {
    trial.model.train_pass(trial.parameters.data(), input, target, 1, trial.workspace,
                           trial.gradient.data(), training, {});
  };
  EXPECT_THROW(train(trial.x().first_rows(4), trial.t()), Error);
  EXPECT_THROW(train({trial.input.data(), 5, 8, 9}, {trial.target.data(), 5, 8, 9}), Error);
  Buffer<float> many(100 * 9);
  EXPECT_THROW(train({many.data(), 100, 9}, {many.data(), 100, 9}), Error)
      << "more rows than the workspace holds";
}

}  // namespace
}  // namespace hourglass
