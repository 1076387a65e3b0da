#pragma once

#include <fmt/format.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "model/autoencoder.hpp"
#include "nn/gaussian_sample.hpp"
#include "nn/reference.hpp"

// The whole objective of a regularised autoencoder rewritten in double, as simply as possible.
namespace hourglass::reference {

constexpr Index rows = 5;

/// A model, random parameters, samples, and the objective in double.
class Trial {
 public:
  explicit Trial(const AutoencoderSpec& spec)
      : model_(spec), parameters_(model_.layout().size()), gradient_(parameters_.size()) {
    std::mt19937 random(5);
    for (const Tensor& tensor : model_.layout().tensors()) {
      const double fan_in = tensor.shape.size() == 2 ? static_cast<double>(tensor.shape[1]) : 4.0;
      std::normal_distribution<float> normal(tensor.name.ends_with("gain") ? 1.0F : 0.0F,
                                             static_cast<float>(1 / std::sqrt(fan_in)));
      for (Index i = 0; i < tensor.size; ++i) parameters_[tensor.offset + i] = normal(random);
    }
    std::uniform_real_distribution<float> unit(0, 1);
    samples_.resize(static_cast<std::size_t>(rows * model_.features()));
    for (float& value : samples_) value = unit(random);
    for (Index r = 0; r < rows; ++r) ids_.push_back(static_cast<std::uint64_t>(100 + 7 * r));
    context_.training = true;
    context_.seed = 11;
    context_.epoch = 2;
    context_.sample_ids = ids_;
  }

  void set_seed(std::uint64_t seed) { context_.seed = seed; }
  void set_penalty_factors(const PenaltyFactors& factors) { context_.penalty_factors = factors; }
  [[nodiscard]] const hourglass::Autoencoder& model() const { return model_; }
  [[nodiscard]] const Buffer<float>& gradient() const { return gradient_; }

  LossSums train() {
    Workspace workspace = model_.make_workspace(rows);
    const ConstMatrix x(samples_.data(), rows, model_.features());
    std::vector<ExactSum> sums(static_cast<std::size_t>(model_.mean_units()));
    if (!sums.empty()) model_.add_unit_sums(parameters_.data(), x, workspace, context_, sums);
    means_.clear();
    for (const ExactSum& sum : sums) means_.push_back(sum.value() / rows);
    context_.unit_means = means_;
    return model_.train_pass(parameters_.data(), x, 0.5F, workspace, gradient_.data(), context_,
                             {});
  }

  /// The summed objective as a function of the parameters.
  [[nodiscard]] double objective(const Vector& p) const {
    const AutoencoderSpec& spec = model_.spec();
    const Regularization& r = spec.regularization;
    std::vector<float> input = samples_;
    std::vector<float> mask(samples_.size());
    const ConstMatrix clean(samples_.data(), rows, model_.features());
    if (r.corruption.kind != Corruption::none) {
      corrupt(r.corruption, spec.image, context_, clean,
              Matrix(input.data(), rows, model_.features()),
              Matrix(mask.data(), rows, model_.features()));
    }
    double sum = 0;
    std::vector<Vector> codes;
    for (Index row = 0; row < rows; ++row) {
      const auto begin = static_cast<std::ptrdiff_t>(row * model_.features());
      const Vector x(input.begin() + begin, input.begin() + begin + model_.features());
      double penalty = 0;
      const Vector h = encode(p, x, row, penalty);
      codes.push_back(h);
      for (const double unit : h) penalty += r.l1 * std::fabs(unit);
      const Vector z = decode(p, h, penalty);
      double loss = 0;
      for (std::size_t c = 0; c < z.size(); ++c) {
        const auto at = static_cast<std::size_t>(begin) + c;
        const double own =
            spec.feature_weights.empty() ? 1 : static_cast<double>(spec.feature_weights[c]);
        const double weight = own * (mask[at] != 0 ? r.corrupted_weight : r.clean_weight);
        loss += weight * reference::loss(spec.loss, spec.output_activation, z[c],
                                         static_cast<double>(samples_[at]));
      }
      sum += (spec.feature_mean ? loss / static_cast<double>(model_.features()) : loss) + penalty;
      if (r.contractive > 0) sum += r.contractive * squared_norm(jacobian(p, x));
      for (Index n = 0; r.hessian_weight > 0 && n < r.hessian_samples; ++n) {
        sum += r.hessian_weight / static_cast<double>(r.hessian_samples) *
               jacobian_change(p, x, row, n);
      }
    }
    for (std::size_t j = 0; r.kl_weight > 0 && j < codes[0].size(); ++j) {
      double mean = 0;
      for (const Vector& h : codes) mean += h[j] / rows;
      sum += rows * r.kl_weight *
             (r.kl_target * std::log(r.kl_target / mean) +
              (1 - r.kl_target) * std::log((1 - r.kl_target) / (1 - mean)));
    }
    return sum;
  }

  [[nodiscard]] Vector parameters() const {
    return {parameters_.span().begin(), parameters_.span().end()};
  }

 private:
  [[nodiscard]] Index offset(const std::string& name) const {
    for (const Tensor& tensor : model_.layout().tensors()) {
      if (tensor.name == name) return tensor.offset;
    }
    return -1;
  }

  [[nodiscard]] Vector affine(const Vector& p, const std::string& name, const Vector& x,
                              Index outputs, const std::string& tied = "") const {
    const Index weight = offset((tied.empty() ? name : tied) + "/weight");
    const Index bias = offset(name + "/bias");
    const auto inputs = static_cast<Index>(x.size());
    Vector y;
    for (Index o = 0; o < outputs; ++o) {
      double sum = p[static_cast<std::size_t>(bias + o)];
      for (Index i = 0; i < inputs; ++i) {
        const Index at = tied.empty() ? o * inputs + i : i * outputs + o;
        sum += p[static_cast<std::size_t>(weight + at)] * x[static_cast<std::size_t>(i)];
      }
      y.push_back(sum);
    }
    return y;
  }

  [[nodiscard]] Vector hidden(const Vector& p, const std::string& name, Index number, Vector z,
                              double& penalty) const {
    const AutoencoderSpec& spec = model_.spec();
    if (spec.layer_norm) {
      const auto n = static_cast<double>(z.size());
      double mean = 0;
      double variance = 0;
      for (const double value : z) mean += value / n;
      for (const double value : z) variance += (value - mean) * (value - mean) / n;
      const Index gain = offset(name + "/norm/gain");
      const Index shift = offset(name + "/norm/shift");
      for (std::size_t i = 0; i < z.size(); ++i) {
        z[i] = p[static_cast<std::size_t>(gain) + i] * (z[i] - mean) / std::sqrt(variance + 1e-5) +
               p[static_cast<std::size_t>(shift) + i];
      }
    }
    for (double& value : z) {
      value = reference::activation(spec.activation, value);
      penalty += spec.regularization.hidden_l1.at(number) * std::fabs(value);
    }
    return z;
  }

  [[nodiscard]] Vector encode(const Vector& p, Vector x, Index row, double& penalty) const {
    const AutoencoderSpec& spec = model_.spec();
    const auto widths = dense_widths(spec.encoder);
    if (spec.dictionary.pre_bias != PreBias::none) {
      const Index centre = offset(fmt::format("decoder/{}/bias", spec.decoder.size() - 2));
      for (std::size_t c = 0; c < x.size(); ++c) x[c] -= p[static_cast<std::size_t>(centre) + c];
    }
    for (std::size_t i = 0; i + 2 < widths.size(); ++i) {
      const std::string name = "encoder/" + std::to_string(i);
      x = hidden(p, name, static_cast<Index>(i) + 1, affine(p, name, x, widths[i + 1]), penalty);
    }
    const std::string last = "encoder/" + std::to_string(widths.size() - 2);
    const Regularization& r = spec.regularization;
    if (!r.variational) {
      Vector h = affine(p, last, x, widths.back());
      for (double& value : h) value = reference::activation(spec.code_activation, value);
      return h;
    }
    const Vector posterior = affine(p, last, x, 2 * widths.back());
    const std::vector<float> noise = standard_normal(row);
    Vector h;
    for (std::size_t j = 0; j < noise.size(); ++j) {
      const double mean = posterior[j];
      const double log_variance = posterior[noise.size() + j];
      h.push_back(mean + std::exp(log_variance / 2) * static_cast<double>(noise[j]));
      penalty += r.beta * std::max(r.free_bits,
                                   (mean * mean + std::exp(log_variance) - 1 - log_variance) / 2);
    }
    return h;
  }

  // The sampling layer's draws: its output for mean 0 and variance 1.
  [[nodiscard]] std::vector<float> standard_normal(Index row) const {
    const Index code = model_.code_size();
    const GaussianSample layer(code);
    std::vector<float> posterior(static_cast<std::size_t>(2 * code), 0.0F);
    std::vector<float> result(static_cast<std::size_t>(code));
    std::vector<float> scratch(static_cast<std::size_t>(code));
    PassContext context = context_;
    context.sample_ids = std::span(ids_).subspan(static_cast<std::size_t>(row), 1);
    layer.forward(nullptr, ConstMatrix(posterior.data(), 1, 2 * code),
                  Matrix(result.data(), 1, code), scratch, context);
    return result;
  }

  [[nodiscard]] Vector decode(const Vector& p, Vector h, double& penalty) const {
    const AutoencoderSpec& spec = model_.spec();
    const auto widths = dense_widths(spec.decoder);
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
      const std::string name = "decoder/" + std::to_string(i);
      const std::string tied = spec.tied ? "encoder/" + std::to_string(widths.size() - 2 - i) : "";
      h = affine(p, name, h, widths[i + 1], tied);
      if (i + 2 < widths.size())
        h = hidden(p, name, static_cast<Index>(spec.encoder.size() - 2 + i) + 1, h, penalty);
    }
    return h;
  }

  /// dh/dx, row-major code x features.
  [[nodiscard]] std::vector<Vector> jacobian(const Vector& p, const Vector& x) const {
    const AutoencoderSpec& spec = model_.spec();
    const auto widths = dense_widths(spec.encoder);
    std::vector<Vector> product(x.size(), Vector(x.size(), 0.0));
    for (std::size_t i = 0; i < x.size(); ++i) product[i][i] = 1;
    Vector y = x;
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
      const std::string name = "encoder/" + std::to_string(l);
      const Activation kind = l + 2 == widths.size() ? spec.code_activation : spec.activation;
      const Vector z = affine(p, name, y, widths[l + 1]);
      const auto weight = static_cast<std::size_t>(offset(name + "/weight"));
      std::vector<Vector> next(z.size(), Vector(x.size(), 0.0));
      y.clear();
      for (std::size_t o = 0; o < z.size(); ++o) {
        y.push_back(reference::activation(kind, z[o]));
        const double slope = reference::slope(kind, z[o]);
        for (std::size_t i = 0; i < product.size(); ++i) {
          for (std::size_t c = 0; c < x.size(); ++c)
            next[o][c] += slope * p[weight + o * product.size() + i] * product[i][c];
        }
      }
      product = next;
    }
    return product;
  }
  [[nodiscard]] static double squared_norm(const std::vector<Vector>& matrix) {
    double sum = 0;
    for (const Vector& row : matrix) {
      for (const double value : row) sum += value * value;
    }
    return sum;
  }
  [[nodiscard]] double jacobian_change(const Vector& p, const Vector& x, Index row, Index n) const {
    std::vector<float> at(x.begin(), x.end());
    std::vector<float> moved(at.size());
    PassContext context = perturbation_context(context_, n);
    context.sample_ids = std::span(ids_).subspan(static_cast<std::size_t>(row), 1);
    corrupt({Corruption::gaussian, model_.spec().regularization.hessian_sigma}, {}, context,
            ConstMatrix(at.data(), 1, model_.features()),
            Matrix(moved.data(), 1, model_.features()), {});
    auto here = jacobian(p, x);
    const auto there = jacobian(p, Vector(moved.begin(), moved.end()));
    for (std::size_t i = 0; i < here.size(); ++i) {
      for (std::size_t c = 0; c < x.size(); ++c) here[i][c] -= there[i][c];
    }
    return squared_norm(here);
  }

  hourglass::Autoencoder model_;
  Buffer<float> parameters_;
  Buffer<float> gradient_;
  std::vector<float> samples_;
  std::vector<std::uint64_t> ids_;
  std::vector<double> means_;
  PassContext context_;
};

}  // namespace hourglass::reference
