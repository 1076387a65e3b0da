#include "model/autoencoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "hourglass/core/error.hpp"
#include "nn/reference.hpp"

namespace hourglass {
namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
const PassContext training{.training = true};

AutoencoderSpec small_spec() {
  AutoencoderSpec spec;
  spec.encoder = {9, 7, 5, 3};
  return spec;
}

/// A model with random parameters (biases too), a batch of samples in [0, 1] and a reference of it.
struct Trial {
  explicit Trial(const AutoencoderSpec& spec, Index rows_ = 5, std::uint32_t seed = 1)
      : model(spec),
        rows(rows_),
        parameters(model.layout().size()),
        gradient(model.layout().size()),
        input(rows * model.features()),
        target(rows * model.features()),
        workspace(model.make_workspace(rows + 2)) {
    std::mt19937 random(seed);
    for (const Tensor& tensor : model.layout().tensors()) {
      const double fan_in = tensor.shape.size() == 2 ? static_cast<double>(tensor.shape[1]) : 4.0;
      std::normal_distribution<float> normal(0, static_cast<float>(1.2 / std::sqrt(fan_in)));
      for (Index i = 0; i < tensor.size; ++i) parameters[tensor.offset + i] = normal(random);
    }
    std::uniform_real_distribution<float> unit(0, 1);
    for (Index i = 0; i < input.size(); ++i) target[i] = unit(random);
    for (Index i = 0; i < input.size(); ++i) input[i] = 0.8F * target[i] + 0.2F * unit(random);
    std::ranges::fill(gradient.span(), nan_value);
  }

  [[nodiscard]] ConstMatrix x() const { return {input.data(), rows, model.features()}; }
  [[nodiscard]] ConstMatrix t() const { return {target.data(), rows, model.features()}; }
  LossSums train(float scale = 1, const GradientReady& ready = {}) {
    return model.train_pass(parameters.data(), x(), t(), scale, workspace, gradient.data(),
                            training, ready);
  }
  [[nodiscard]] reference::Vector double_parameters() const {
    return {parameters.span().begin(), parameters.span().end()};
  }
  [[nodiscard]] static std::vector<reference::Vector> double_rows(ConstMatrix matrix) {
    std::vector<reference::Vector> result;
    for (Index r = 0; r < matrix.rows; ++r)
      result.emplace_back(matrix.row(r).begin(), matrix.row(r).end());
    return result;
  }

  Autoencoder model;
  Index rows;
  Buffer<float> parameters;
  Buffer<float> gradient;
  Buffer<float> input;
  Buffer<float> target;
  Workspace workspace;
};

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

std::vector<float> copy_of(ConstMatrix matrix) {
  std::vector<float> result;
  for (Index r = 0; r < matrix.rows; ++r)
    result.insert(result.end(), matrix.row(r).begin(), matrix.row(r).end());
  return result;
}

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
