// Passes of autoencoders with sparse codes against loops in double, and gradients on the support
// against finite differences.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "math/onednn.hpp"
#include "model/autoencoder.hpp"
#include "model/autoencoder_trial.hpp"
#include "nn/reference.hpp"
#include "nn/rounded_weights.hpp"

namespace hourglass {
namespace {

using namespace autoencoder_test;
using reference::Vector;

AutoencoderSpec sparse_spec(const std::string& selection, const LayerList& encoder) {
  AutoencoderSpec spec;
  spec.encoder = encoder;
  spec.activation = Activation::tanh;
  spec.output_activation = Activation::linear;
  spec.sparsity.selection = selection_from(selection);
  return spec;
}

// The network in double, on an arena of the model's layout.
class Exact {
 public:
  // `frozen`: parameters whose decoder reconstructs from gates, without a gradient.
  explicit Exact(const Autoencoder& model, Vector frozen = {})
      : model_(model), frozen_(std::move(frozen)) {}

  [[nodiscard]] Vector code(const Vector& p, const Vector& x) const {
    const auto& layers = model_.spec().encoder;
    Vector h = x;
    for (std::size_t i = 1; i < layers.size(); ++i) {
      const std::string name = "encoder/" + std::to_string(i - 1);
      h = affine(p, name, h, false);
      if (i + 1 < layers.size()) {
        for (double& value : h) value = std::tanh(value);
      }
    }
    return selected(p, h);
  }
  // The values that open gates, and their decoding by the decoder of `frozen`.
  [[nodiscard]] Vector gates(const Vector& p, const Vector& x) const {
    Vector g = affine(p, "encoder/0", x, false);
    for (double& value : g) value = std::max(value, 0.0);
    return g;
  }
  [[nodiscard]] Vector decoded(const Vector& p, Vector h) const {
    const auto& layers = model_.spec().decoder;
    for (std::size_t i = 1; i < layers.size(); ++i) {
      h = affine(p, "decoder/" + std::to_string(i - 1), h, i == 1);
      if (i + 1 < layers.size()) {
        for (double& value : h) value = std::tanh(value);
      }
    }
    return h;
  }
  // Summed over samples.
  [[nodiscard]] double loss(const Vector& p, const std::vector<Vector>& x,
                            const std::vector<Vector>& t) const {
    double sum = 0;
    for (std::size_t r = 0; r < x.size(); ++r) {
      const Vector h = code(p, x[r]);
      const Vector y = decoded(p, h);
      for (std::size_t c = 0; c < y.size(); ++c)
        sum += (y[c] - t[r][c]) * (y[c] - t[r][c]) / static_cast<double>(y.size());
      const bool gated = model_.spec().sparsity.selection.kind == Selection::gated;
      const Vector g = gated ? gates(p, x[r]) : h;
      for (const double value : g) sum += model_.spec().regularization.l1 * value;
      if (!gated) continue;
      const Vector frozen = decoded(frozen_, g);
      for (std::size_t c = 0; c < y.size(); ++c)
        sum += (frozen[c] - t[r][c]) * (frozen[c] - t[r][c]) / static_cast<double>(y.size());
    }
    return sum;
  }

  double batch_threshold = 0;

 private:
  [[nodiscard]] const Tensor& tensor(const std::string& name) const {
    return *std::ranges::find(model_.layout().tensors(), name, &Tensor::name);
  }
  [[nodiscard]] Vector affine(const Vector& p, const std::string& name, const Vector& x,
                              bool by_inputs) const {
    const auto weight = static_cast<std::size_t>(tensor(name + "/weight").offset);
    const Tensor& bias = tensor(name + "/bias");
    const auto outputs = static_cast<std::size_t>(bias.size);
    Vector y(outputs);
    for (std::size_t o = 0; o < outputs; ++o) {
      y[o] = p[static_cast<std::size_t>(bias.offset) + o];
      for (std::size_t i = 0; i < x.size(); ++i)
        y[o] += p[weight + (by_inputs ? i * outputs + o : o * x.size() + i)] * x[i];
    }
    return y;
  }
  [[nodiscard]] Vector selected(const Vector& p, Vector z) const {
    const SelectionSpec& selection = model_.spec().sparsity.selection;
    if (selection.kind == Selection::jump_relu) {
      const std::string name =
          "encoder/" + std::to_string(model_.spec().encoder.size() - 2) + "/log_threshold";
      const auto at = static_cast<std::size_t>(tensor(name).offset);
      for (std::size_t u = 0; u < z.size(); ++u) {
        if (z[u] <= std::exp(p[at + u])) z[u] = 0;
      }
      return z;
    }
    if (selection.kind == Selection::gated) {
      const auto bias = static_cast<std::size_t>(tensor("encoder/0/bias").offset);
      const auto scale = static_cast<std::size_t>(tensor("encoder/0/log_magnitude").offset);
      const auto shift = static_cast<std::size_t>(tensor("encoder/0/magnitude_bias").offset);
      for (std::size_t u = 0; u < z.size(); ++u) {
        const double magnitude = std::exp(p[scale + u]) * (z[u] - p[bias + u]) + p[shift + u];
        z[u] = z[u] > 0 ? std::max(magnitude, 0.0) : 0;
      }
      return z;
    }
    for (double& value : z) value = std::max(value, 0.0);
    if (selection.kind == Selection::batch_top_k) {
      for (double& value : z) value = value > batch_threshold ? value : 0;
    }
    if (selection.kind != Selection::top_k) return z;
    Vector sorted = z;
    std::ranges::sort(sorted, std::greater<>());
    const double least = sorted[static_cast<std::size_t>(selection.k) - 1];
    for (double& value : z) value = value >= least ? value : 0;
    return z;
  }

  const Autoencoder& model_;
  Vector frozen_;
};

void expect_right_gradient(const AutoencoderSpec& spec) {
  Trial trial(spec, 9);
  const float scale = 0.5F;
  const LossSums sums = trial.train(scale);
  const Vector parameters = trial.double_parameters();
  Exact exact(trial.model, parameters);
  if (trial.model.selects_from_batch()) {
    const auto values = trial.workspace.code().view().values;
    EXPECT_EQ(static_cast<Index>(values.size()), 9 * spec.sparsity.selection.k);
    exact.batch_threshold = 0.9998 * static_cast<double>(std::ranges::min(values));
  }
  const auto inputs = Trial::double_rows(trial.x());
  const auto targets = Trial::double_rows(trial.t());
  const auto loss = [&](const Vector& p) { return exact.loss(p, inputs, targets); };
  EXPECT_NEAR(sums.loss, loss(parameters), 4e-6 * loss(parameters));
  for (const Tensor& tensor : trial.model.layout().tensors()) {
    if (tensor.name.ends_with("/threshold")) {  // Not trained by its gradient.
      EXPECT_EQ(trial.gradient[tensor.offset], 0);
      continue;
    }
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
      const double value = expected[static_cast<std::size_t>(i)];
      ASSERT_NEAR(trial.gradient[tensor.offset + i], value,
                  1e-4 * std::fabs(value) + 4e-6 * largest)
          << tensor.name << "[" << i << "]";
    }
    for (Index i = tensor.offset + tensor.size;
         i < round_up(tensor.offset + tensor.size, cell_floats); ++i) {
      ASSERT_TRUE(std::isnan(trial.gradient[i])) << "padding of " << tensor.name << " was written";
    }
  }
}

TEST(Sparsity, gradients_on_the_support_equal_finite_differences) {
  for (const LayerList& layers : {LayerList{9, 23}, LayerList{9, 7, 20}}) {
    expect_right_gradient(sparse_spec("topk:4", layers));
    expect_right_gradient(sparse_spec("batch-topk:4", layers));
    AutoencoderSpec l1 = sparse_spec("l1", layers);
    l1.regularization.l1 = 0.01;
    expect_right_gradient(l1);
  }
  AutoencoderSpec gated = sparse_spec("gated", {9, 23});
  gated.regularization.l1 = 0.01;
  expect_right_gradient(gated);
}

TEST(Sparsity, codes_and_reconstructions_equal_the_definition) {
  for (const char* selection : {"topk:4", "jumprelu:0.3", "l1"}) {
    AutoencoderSpec spec = sparse_spec(selection, {9, 7, 20});
    if (spec.sparsity.selection.kind == Selection::jump_relu) spec.sparsity.l0 = 0.1;
    if (spec.sparsity.selection.kind == Selection::relu) spec.regularization.l1 = 0.1;
    Trial trial(spec);
    const Exact exact(trial.model);
    const Vector p = trial.double_parameters();
    const auto inputs = Trial::double_rows(trial.x());
    const auto codes =
        Trial::double_rows(trial.model.encode(trial.parameters.data(), trial.x(), trial.workspace));
    const auto outputs = Trial::double_rows(
        trial.model.reconstruct(trial.parameters.data(), trial.x(), trial.workspace));
    std::vector<float> dense;
    for (const Vector& code : codes) dense.insert(dense.end(), code.begin(), code.end());
    const auto decoded = Trial::double_rows(trial.model.decode(
        trial.parameters.data(), ConstMatrix(dense.data(), trial.rows, 20), trial.workspace));
    for (std::size_t r = 0; r < inputs.size(); ++r) {
      const Vector code = exact.code(p, inputs[r]);
      const Vector output = exact.decoded(p, code);
      for (std::size_t c = 0; c < code.size(); ++c) ASSERT_NEAR(codes[r][c], code[c], 1e-5);
      for (std::size_t c = 0; c < output.size(); ++c) {
        ASSERT_NEAR(outputs[r][c], output[c], 1e-5);
        ASSERT_EQ(decoded[r][c], outputs[r][c]);
      }
    }
  }
}

// Two units of which rounding the input and the weights to bfloat16 makes the smaller product the
// larger one, by more than either rounding alone could: the first half of the input is rounded
// down, the second up, each by nearly 2^-8 of itself.
TEST(Sparsity, selection_in_bfloat16_is_that_of_single_precision) {
  if (!has_onednn() || !cpu_multiplies_bfloat16()) GTEST_SKIP() << "no bfloat16 here";
  constexpr Index features = 128;
  constexpr float down = 1 + 0x1p-8F;
  constexpr float up = 1 + 3 * 0x1p-8F;
  for (const char* selection : {"topk:1", "jumprelu:64.49", "gated"}) {
    AutoencoderSpec spec = sparse_spec(selection, {features, 64});
    spec.dictionary.pre_bias = PreBias::none;
    if (spec.sparsity.selection.kind == Selection::jump_relu) spec.sparsity.l0 = 0.1;
    if (spec.sparsity.selection.kind == Selection::gated) spec.regularization.l1 = 0.1;
    Trial trial(spec, 3);
    const auto tensor = [&](Index number) {
      const Tensor& found = trial.model.layout().tensors()[static_cast<std::size_t>(number)];
      return trial.parameters.span().subspan(static_cast<std::size_t>(found.offset),
                                             static_cast<std::size_t>(found.size));
    };
    const std::span<float> weight = tensor(0);
    std::ranges::fill(weight, 0.0F);
    // Of gates: open where the product is above 64.49.
    std::ranges::fill(tensor(1), selection[0] == 'g' ? -64.49F : 0.0F);
    if (selection[0] == 'j') std::ranges::fill(tensor(2), std::log(64.49F));
    for (Index i = 0; i < 64; ++i) weight[static_cast<std::size_t>(i)] = down;
    for (Index i = 64; i < 127; ++i) weight[static_cast<std::size_t>(features + i)] = up;
    for (Index i = 0; i < trial.input.size(); ++i) trial.input[i] = i % features < 64 ? down : up;
    RoundedWeights rounded(trial.model.rounded_part());
    rounded.round(trial.parameters.data(), 0, 1);
    std::vector<Bfloat16> scratch(2 * 5 * features);
    PassContext context = training;
    context.bfloat16_parameters = rounded.data();
    context.row_rounding = rounded.rows();
    context.bfloat16_scratch = scratch;
    trial.model.train_pass(trial.parameters.data(), trial.x(), trial.t(), 1, trial.workspace,
                           trial.gradient.data(), context, {});
    const SparseRows code = trial.workspace.code().view();
    EXPECT_EQ(std::vector<std::int32_t>(code.columns.begin(), code.columns.end()),
              std::vector<std::int32_t>({0, 0, 0}))
        << selection;
    EXPECT_NEAR(trial.workspace.code().pre_activations()[0],
                64 * down * down - (selection[0] == 'g' ? 64.49F : 0.0F), 1e-5);
  }
}

// d/dtheta of a sum of l [z > theta] + L(z [z > theta]) with the step function smeared over the
// bandwidth: the definition, in double, from what the pass leaves in its workspace.
TEST(Sparsity, threshold_gradient_is_straight_through) {
  AutoencoderSpec spec = sparse_spec("jumprelu:0.3", {9, 31});
  spec.sparsity.selection.bandwidth = 0.8;
  spec.sparsity.l0 = 0.01;
  Trial trial(spec, 9);
  const float scale = 0.5F;
  const LossSums sums = trial.train(scale);
  const Exact exact(trial.model);
  const Vector p = trial.double_parameters();
  const auto inputs = Trial::double_rows(trial.x());
  const auto targets = Trial::double_rows(trial.t());
  const auto& tensors = trial.model.layout().tensors();
  const Tensor& weight = tensors[0];
  const Tensor& bias = tensors[1];
  const Tensor& threshold = tensors[2];
  const Tensor& atoms = tensors[3];
  double active = 0;
  Vector expected(31);
  for (std::size_t r = 0; r < inputs.size(); ++r) {
    const Vector code = exact.code(p, inputs[r]);
    const Vector y = exact.decoded(p, code);
    active += static_cast<double>(std::ranges::count_if(code, [](double h) { return h != 0; }));
    for (std::size_t u = 0; u < 31; ++u) {
      double z = p[static_cast<std::size_t>(bias.offset) + u];
      double dh = 0;
      for (std::size_t c = 0; c < 9; ++c) {
        z += p[static_cast<std::size_t>(weight.offset) + u * 9 + c] * inputs[r][c];
        dh +=
            2 * (y[c] - targets[r][c]) / 9 * p[static_cast<std::size_t>(atoms.offset) + u * 9 + c];
      }
      const double theta = std::exp(p[static_cast<std::size_t>(threshold.offset) + u]);
      if (std::fabs(z - theta) < 0.4)
        expected[u] -= static_cast<double>(scale) * theta * (theta * dh + 0.01) / 0.8;
    }
  }
  EXPECT_NEAR(sums.penalty, 0.01 * active, 1e-6);
  double largest = 0;
  for (std::size_t u = 0; u < 31; ++u) {
    ASSERT_NEAR(trial.gradient[threshold.offset + static_cast<Index>(u)], expected[u], 1e-5);
    largest = std::max(largest, std::fabs(expected[u]));
  }
  EXPECT_GT(largest, 1e-3);
}

}  // namespace
}  // namespace hourglass
