#include "model/classifier.hpp"

#include <algorithm>
#include <cmath>

#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "math/elementwise.hpp"
#include "nn/kronecker_factors.hpp"
#include "nn/row_weights.hpp"

namespace hourglass {

namespace {

// Turns a row of logits into scale * (p - onehot) and returns -ln p[label].
double softmax_gradient(std::span<float> row, Index label, float scale) {
  const float largest = *std::ranges::max_element(row);
  const double logit =
      static_cast<double>(row[static_cast<std::size_t>(label)]) - static_cast<double>(largest);
  for (float& value : row) value = elementwise::exp(value - largest);
  double sum = 0;
  for (const float value : row) sum += static_cast<double>(value);
  for (float& value : row) value = scale * static_cast<float>(static_cast<double>(value) / sum);
  row[static_cast<std::size_t>(label)] -= scale;
  return std::log(sum) - logit;
}

}  // namespace

Classifier::Classifier(Index features, Index classes, std::span<const std::int32_t> labels)
    : Classifier(features, classes, labels, nullptr) {}

Classifier::Classifier(const Autoencoder& encoder, Index classes,
                       std::span<const std::int32_t> labels)
    : Classifier(encoder.code_size(), classes, labels, &encoder) {}

Classifier::Classifier(Index width, Index classes, std::span<const std::int32_t> labels,
                       const Autoencoder* encoder)
    : encoder_(encoder), width_(width), classes_(classes), labels_(labels) {
  if (encoder_ != nullptr) {
    for (Index i = 0; i < encoder_layers().end; ++i) {
      for (TensorRole role : encoder_->network().layer(i).roles()) {
        const Tensor& tensor = encoder_->layout().tensor(role.slot);
        const Slot slot = layout_.add(tensor.name, tensor.shape);
        require(slot == role.slot && layout_.tensor(slot).offset == tensor.offset,
                "an encoder that is not its arena's beginning");
        roles_.push_back(role);
      }
    }
  }
  weight_ = layout_.add("softmax/weight", {classes, width});
  bias_ = layout_.add("softmax/bias", {classes});
  roles_.push_back({weight_, false, width, classes, {}, true});
  roles_.push_back({bias_, true, width, classes});
}

Workspace Classifier::make_workspace(Index max_rows) const {
  Workspace workspace(max_rows, max_rows * classes_);
  if (encoder_ != nullptr) workspace.add_part(encoder_->make_workspace(max_rows));
  return workspace;
}

Matrix Classifier::logits(const float* parameters, ConstMatrix samples, Workspace& workspace,
                          const PassContext& context) const {
  const ConstMatrix code =
      encoder_ == nullptr
          ? samples
          : encoder_->network().forward(encoder_layers(), parameters,
                                        encoder_->network_input(samples, workspace.part(0)),
                                        workspace.part(0), context);
  const Matrix result(workspace.extra().data(), samples.rows, classes_);
  gemm(false, true, code,
       ConstMatrix(parameters + layout_.tensor(weight_).offset, classes_, width_), 0, result);
  activation_forward(
      Activation::linear,
      {parameters + layout_.tensor(bias_).offset, static_cast<std::size_t>(classes_)}, result, {});
  return result;
}

LossSums Classifier::train_pass(const float* parameters, ConstMatrix samples, float scale,
                                Workspace& workspace, float* gradient, const PassContext& context,
                                const GradientReady& ready) const {
  std::fill_n(gradient, layout_.size(), 0.0F);
  LossSums sums;
  if (samples.rows == 0) {
    if (ready) ready({0, layout_.size()});
    return sums;
  }
  require(static_cast<Index>(context.sample_ids.size()) >= samples.rows,
          "samples to classify without ids");
  const Matrix dz = logits(parameters, samples, workspace, context);
  const Tensor& weight = layout_.tensor(weight_);
  const std::span bias_gradient(gradient + layout_.tensor(bias_).offset,
                                static_cast<std::size_t>(classes_));
  const RowWeights weights{context.sample_weights, context.sample_ids};
  for (Index r = 0; r < dz.rows; ++r) {
    const auto label = static_cast<Index>(labels_[context.sample_ids[static_cast<std::size_t>(r)]]);
    if (likeliest(dz.row(r)) != label) sums.squared_error += 1;
    const float own = weights.empty() ? 1.0F : weights[r];
    sums.loss += static_cast<double>(own) * softmax_gradient(dz.row(r), label, scale * own);
    for (std::size_t c = 0; c < bias_gradient.size(); ++c) bias_gradient[c] += dz.row(r)[c];
  }
  const Matrix weight_gradient(gradient + weight.offset, classes_, width_);
  const auto sum_factors = [&](ConstMatrix inputs) {
    if (context.factors == nullptr) return;
    sum_factor(context, weight_, FactorSide::left, FactorRole::gradients, dz, false);
    sum_factor(context, weight_, FactorSide::right, FactorRole::inputs, inputs, false);
  };
  if (encoder_ == nullptr) {
    gemm(true, false, dz, samples, 0, weight_gradient);
    sum_factors(samples);
    if (ready) ready({0, layout_.size()});
    return sums;
  }
  Workspace& inner = workspace.part(0);
  const Index code_layer = encoder_layers().end - 1;
  gemm(true, false, dz, inner.output(code_layer, samples.rows), 0, weight_gradient);
  sum_factors(inner.output(code_layer, samples.rows));
  if (ready) ready({weight.offset, layout_.size()});
  gemm(false, false, dz, ConstMatrix(parameters + weight.offset, classes_, width_), 0,
       inner.output_gradient(code_layer, samples.rows));
  encoder_->network().backward(encoder_layers(), parameters,
                               encoder_->network_input(samples, inner), inner, {}, gradient,
                               context, ready);
  return sums;
}

LossSums Classifier::evaluate(const float* /*parameters*/, ConstMatrix /*samples*/,
                              Workspace& /*workspace*/) const {
  require(false, "a classifier is asked for a reconstruction");
  return {};
}

Index likeliest(std::span<const float> logits) {
  return std::ranges::max_element(logits) - logits.begin();
}

}  // namespace hourglass
