// Predictive sparse decomposition against the same minimisation in double, and against the
// properties of a minimum.
#include "model/predictive.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "hourglass/core/error.hpp"
#include "model/autoencoder.hpp"
#include "nn/reference.hpp"

namespace hourglass {
namespace {

using reference::Vector;

constexpr Index rows = 4;
constexpr Index features = 9;
constexpr Index code = 6;

AutoencoderSpec predictive_spec(Index iterations, bool feature_mean) {
  AutoencoderSpec spec;
  spec.encoder = {features, 7, code};
  spec.decoder = {code, features};
  spec.activation = Activation::tanh;
  spec.code_activation = Activation::tanh;
  spec.output_activation = Activation::linear;
  spec.feature_mean = feature_mean;
  spec.regularization.predictive = true;
  spec.regularization.predictive_weight = 0.7;
  spec.regularization.predictive_iterations = iterations;
  spec.regularization.l1 = feature_mean ? 0.02 : 0.2;
  return spec;
}

struct Trial {
  explicit Trial(const AutoencoderSpec& spec)
      : model(spec),
        parameters(model.layout().size()),
        gradient(parameters.size()),
        samples(rows * features),
        workspace(model.make_workspace(rows)) {
    std::mt19937 random(2);
    std::normal_distribution<float> normal(0, 0.5F);
    for (const Tensor& tensor : model.layout().tensors()) {
      for (Index i = 0; i < tensor.size; ++i) parameters[tensor.offset + i] = normal(random);
    }
    for (Index i = 0; i < samples.size(); ++i) samples[i] = normal(random);
    model.constrain(parameters.data(), {});
    context.training = true;
  }
  [[nodiscard]] ConstMatrix x() const { return {samples.data(), rows, features}; }
  [[nodiscard]] Vector doubles() const {
    return {parameters.span().begin(), parameters.span().end()};
  }
  [[nodiscard]] const Tensor& tensor(const std::string& name) const {
    for (const Tensor& candidate : model.layout().tensors()) {
      if (candidate.name == name) return candidate;
    }
    throw Error(ErrorKind::bug, "no " + name);
  }
  [[nodiscard]] double at(const Vector& p, const std::string& name, Index i) const {
    return p[static_cast<std::size_t>(tensor(name).offset + i)];
  }
  [[nodiscard]] Vector layer(const Vector& p, const std::string& name, const Vector& in,
                             Activation activation) const {
    Vector out;
    const auto inputs = static_cast<Index>(in.size());
    for (Index o = 0; o < tensor(name + "/bias").size; ++o) {
      double z = at(p, name + "/bias", o);
      for (Index i = 0; i < inputs; ++i)
        z += at(p, name + "/weight", o * inputs + i) * in[static_cast<std::size_t>(i)];
      out.push_back(reference::activation(activation, z));
    }
    return out;
  }
  [[nodiscard]] Vector sample(Index r) const { return {x().row(r).begin(), x().row(r).end()}; }
  [[nodiscard]] Vector prediction(const Vector& p, Index r) const {
    return layer(p, "encoder/1", layer(p, "encoder/0", sample(r), Activation::tanh),
                 Activation::tanh);
  }
  [[nodiscard]] double data_weight() const {
    return model.spec().feature_mean ? 1.0 / features : 1.0;
  }

  /// E(z) of one sample.
  [[nodiscard]] double energy(const Vector& p, Index r, const Vector& z) const {
    const Regularization& settings = model.spec().regularization;
    const Vector x_ = sample(r);
    const Vector y = layer(p, "decoder/0", z, Activation::linear);
    const Vector f = prediction(p, r);
    double sum = 0;
    for (std::size_t c = 0; c < y.size(); ++c)
      sum += data_weight() * (y[c] - x_[c]) * (y[c] - x_[c]);
    for (std::size_t j = 0; j < z.size(); ++j) {
      sum += settings.l1 * std::fabs(z[j]) +
             settings.predictive_weight * (z[j] - f[j]) * (z[j] - f[j]);
    }
    return sum;
  }

  /// FISTA from its definition, with the same step.
  [[nodiscard]] Vector infer(const Vector& p, Index r) const {
    const Regularization& settings = model.spec().regularization;
    double frobenius = 0;
    double largest = 0;
    for (Index i = 0; i < code; ++i) {
      double row = 0;
      for (Index j = 0; j < code; ++j) {
        double g = 0;
        for (Index c = 0; c < features; ++c)
          g += at(p, "decoder/0/weight", c * code + i) * at(p, "decoder/0/weight", c * code + j);
        frobenius += g * g;
        row += std::fabs(g);
      }
      largest = std::max(largest, row);
    }
    const double lipschitz = 2 * data_weight() * std::min(std::sqrt(frobenius), largest) +
                             2 * settings.predictive_weight;
    const Vector x_ = sample(r);
    const Vector f = prediction(p, r);
    Vector z = f;
    Vector ahead = f;
    double t = 1;
    for (Index n = 0; n < settings.predictive_iterations; ++n) {
      const Vector y = layer(p, "decoder/0", ahead, Activation::linear);
      const double t_next = (1 + std::sqrt(1 + 4 * t * t)) / 2;
      Vector moved;
      for (Index j = 0; j < code; ++j) {
        const auto k = static_cast<std::size_t>(j);
        double slope = 2 * settings.predictive_weight * (ahead[k] - f[k]);
        for (Index c = 0; c < features; ++c) {
          const auto i = static_cast<std::size_t>(c);
          slope += 2 * data_weight() * at(p, "decoder/0/weight", c * code + j) * (y[i] - x_[i]);
        }
        const double step = ahead[k] - slope / lipschitz;
        moved.push_back(
            std::copysign(std::max(0.0, std::fabs(step) - settings.l1 / lipschitz), step));
      }
      for (std::size_t k = 0; k < z.size(); ++k)
        ahead[k] = moved[k] + (t - 1) / t_next * (moved[k] - z[k]);
      z = moved;
      t = t_next;
    }
    return z;
  }

  LossSums train() {
    return model.train_pass(parameters.data(), x(), 0.5F, workspace, gradient.data(), context, {});
  }

  Autoencoder model;
  Buffer<float> parameters;
  Buffer<float> gradient;
  Buffer<float> samples;
  Workspace workspace;
  PassContext context;
};

TEST(PredictiveSparse, loss_and_gradient_at_the_inferred_codes) {
  for (const bool feature_mean : {false, true}) {
    for (const Index iterations : {1, 5, 40}) {
      Trial trial(predictive_spec(iterations, feature_mean));
      const LossSums sums = trial.train();
      const Vector p = trial.doubles();
      std::vector<Vector> codes;
      for (Index r = 0; r < rows; ++r) codes.push_back(trial.infer(p, r));
      // The codes are constants of the gradient.
      const auto objective = [&](const Vector& q) {
        double sum = 0;
        for (Index r = 0; r < rows; ++r)
          sum += trial.energy(q, r, codes[static_cast<std::size_t>(r)]);
        return sum;
      };
      EXPECT_NEAR(sums.loss, objective(p), 1e-5 * objective(p));
      for (const Tensor& tensor : trial.model.layout().tensors()) {
        for (Index i = 0; i < tensor.size; ++i) {
          const double expected =
              0.5 *
              reference::derivative(objective, p, static_cast<std::size_t>(tensor.offset + i));
          ASSERT_NEAR(trial.gradient[tensor.offset + i], expected,
                      1e-4 * std::fabs(expected) + 2e-5)
              << tensor.name << " " << i;
        }
      }
    }
  }
}

TEST(PredictiveSparse, many_steps_reach_the_minimum) {
  Trial trial(predictive_spec(500, false));
  const Vector p = trial.doubles();
  const double loss = trial.train().loss;
  double sum = 0;
  Index zeros = 0;
  for (Index r = 0; r < rows; ++r) {
    const Vector z = trial.infer(p, r);
    const double least = trial.energy(p, r, z);
    sum += least;
    for (std::size_t j = 0; j < z.size(); ++j) {
      zeros += z[j] == 0 ? 1 : 0;
      for (const double step : {-1e-3, 1e-3}) {
        Vector other = z;
        other[j] += step;
        EXPECT_GE(trial.energy(p, r, other), least) << "not a minimum";
      }
    }
  }
  EXPECT_NEAR(loss, sum, 1e-5 * sum);
  EXPECT_GT(zeros, 0) << "codes that are not sparse";
  EXPECT_LT(zeros, rows * code);
}

TEST(PredictiveSparse, columns_of_the_dictionary_have_norm_one) {
  Trial trial(predictive_spec(1, true));
  for (Index j = 0; j < code; ++j) {
    double norm = 0;
    for (Index c = 0; c < features; ++c)
      norm += std::pow(trial.at(trial.doubles(), "decoder/0/weight", c * code + j), 2);
    EXPECT_NEAR(norm, 1, 1e-6);
  }
  const float before = trial.parameters[trial.tensor("encoder/0/weight").offset];
  trial.model.constrain(trial.parameters.data(), {});
  EXPECT_EQ(trial.parameters[trial.tensor("encoder/0/weight").offset], before)
      << "only the dictionary is touched";
}

TEST(PredictiveSparse, encodes_by_prediction) {
  Trial trial(predictive_spec(3, true));
  const ConstMatrix codes = trial.model.encode(trial.parameters.data(), trial.x(), trial.workspace);
  for (Index r = 0; r < rows; ++r) {
    const Vector f = trial.prediction(trial.doubles(), r);
    for (Index j = 0; j < code; ++j) EXPECT_NEAR(codes(r, j), f[static_cast<std::size_t>(j)], 1e-5);
  }
}

}  // namespace
}  // namespace hourglass
