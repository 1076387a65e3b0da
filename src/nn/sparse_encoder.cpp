#include "nn/sparse_encoder.hpp"

#include <algorithm>
#include <cmath>

#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "math/code_product.hpp"
#include "math/elementwise.hpp"
#include "nn/sparse_code.hpp"
#include "nn/unit_selection.hpp"

namespace hourglass {

SparseEncoder::SparseEncoder(Layout& layout, const std::string& name, Index inputs, Index units,
                             const SelectionSpec& selection, std::optional<Slot> centre)
    : inputs_(inputs),
      units_(units),
      selection_(selection),
      weight_(layout.add(name + "/weight", {units, inputs})),
      bias_(layout.add(name + "/bias", {units})),
      weight_tensor_(layout.tensor(weight_)),
      bias_tensor_(layout.tensor(bias_)) {
  if (has_thresholds()) {
    threshold_ = layout.add(name + "/log_threshold", {units});
    threshold_tensor_ = layout.tensor(threshold_);
  }
  if (centre) centre_.emplace(layout, *centre);
}

std::vector<TensorRole> SparseEncoder::roles() const {
  std::vector<TensorRole> roles{{weight_, false, inputs_, units_}, {bias_, true, inputs_, units_}};
  if (has_thresholds()) {
    const auto start = static_cast<float>(std::log(selection_.threshold));
    roles.push_back({threshold_, true, inputs_, units_, start});
  }
  if (centre_) roles.push_back({centre_->slot(), true, inputs_, units_});
  return roles;
}

// Of select_largest(), or thresholds and bounds.
Index SparseEncoder::fixed_scratch() const {
  return std::max(selection_scratch_floats(units_), 2 * units_);
}

void SparseEncoder::forward(const float* parameters, ConstMatrix x, Matrix y,
                            std::span<float> scratch, const PassContext& context) const {
  gemm(false, true, input_of(parameters, x, scratch), weight(parameters), 0, y);
  select(parameters, y, scratch.subspan(static_cast<std::size_t>(x.rows * scratch_per_row())),
         context);
}

ConstMatrix SparseEncoder::input_of(const float* parameters, ConstMatrix x,
                                    std::span<float> scratch) const {
  return centre_ ? centre_->subtract(parameters, x, scratch) : x;
}

void SparseEncoder::select(const float* parameters, ConstMatrix products, std::span<float> scratch,
                           const PassContext& context) const {
  require(context.code != nullptr, "a sparse code without a place");
  SparseCode& code = *context.code;
  code.clear(units_);
  const std::span<const float> bias = this->bias(parameters);
  if (selection_.kind == Selection::top_k) {
    const Index wanted = context.training && context.penalty_factors.k > 0
                             ? context.penalty_factors.k
                             : selection_.k;
    for (Index r = 0; r < products.rows; ++r)
      select_largest(products.row(r), bias, std::min(wanted, units_), scratch, code);
    return;
  }
  const auto units = static_cast<std::size_t>(units_);
  const std::span<float> thresholds = scratch.first(units);
  const std::span<float> bounds = scratch.subspan(units, units);
  std::ranges::fill(thresholds, 0.0F);
  if (has_thresholds()) {
    const float* const logarithms = parameters + threshold_tensor_.offset;
    for (std::size_t u = 0; u < units; ++u) thresholds[u] = elementwise::exp(logarithms[u]);
  }
  // Units just below their threshold have no part in the code, but in the threshold's gradient.
  const float below =
      has_thresholds() && context.training ? 0.5F * static_cast<float>(selection_.bandwidth) : 0.0F;
  for (std::size_t u = 0; u < units; ++u) bounds[u] = thresholds[u] - below;
  for (Index r = 0; r < products.rows; ++r)
    select_above(products.row(r), bias, bounds, thresholds, code);
}

void SparseEncoder::backward(const float* parameters, ConstMatrix given, ConstMatrix /*y*/,
                             Matrix /*dy*/, Matrix dx, float* gradient, std::span<float> scratch,
                             const PassContext& context) const {
  SparseCode& code = *context.code;
  const ConstMatrix x = centre_ ? ConstMatrix(scratch.data(), given.rows, inputs_) : given;
  if (code.rows() > x.rows) {
    require(dx.empty(), "the parts of a code in front of further layers");
    code.fold_rows(x.rows);
  }
  const std::span<float> gradients = code.gradients();
  if (has_thresholds()) {
    threshold_gradients(parameters, gradient, context);
    const std::span<const float> values = code.view().values;
    for (std::size_t e = 0; e < gradients.size(); ++e) {
      if (values[e] == 0) gradients[e] = 0;
    }
  }
  const UnitElements elements = code.by_unit();
  float* const bias_gradient = gradient + bias_tensor_.offset;
  for (Index u = 0; u < units_; ++u) {
    float sum = 0;
    const auto at = static_cast<std::size_t>(u);
    for (std::int32_t e = elements.starts[at]; e < elements.starts[at + 1]; ++e)
      sum += gradients[static_cast<std::size_t>(elements.places[static_cast<std::size_t>(e)])];
    bias_gradient[u] = sum;
  }
  gather_rows(elements, gradients, x, Matrix(gradient + weight_tensor_.offset, units_, inputs_));
  if (centre_) {
    centre_->add_gradient({bias_gradient, static_cast<std::size_t>(units_)}, weight(parameters),
                          gradient);
  }
  if (!dx.empty()) multiply_code(code.gradient_view(), weight(parameters), dx);
}

void SparseEncoder::threshold_gradients(const float* parameters, float* gradient,
                                        const PassContext& context) const {
  SparseCode& code = *context.code;
  const UnitElements elements = code.by_unit();
  const std::span<const float> penalties = code.l0_gradients();
  const auto width = static_cast<float>(selection_.bandwidth);
  const float* const logarithms = parameters + threshold_tensor_.offset;
  float* const threshold_gradient = gradient + threshold_tensor_.offset;
  const std::span<const float> code_gradients = code.gradients();
  for (Index u = 0; u < units_; ++u) {
    const auto at = static_cast<std::size_t>(u);
    const float threshold = elementwise::exp(logarithms[u]);
    float sum = 0;
    for (std::int32_t e = elements.starts[at]; e < elements.starts[at + 1]; ++e) {
      const auto place = static_cast<std::size_t>(elements.places[static_cast<std::size_t>(e)]);
      if (!(std::fabs(code.pre_activations()[place] - threshold) < 0.5F * width)) continue;
      const auto row = static_cast<std::size_t>(elements.rows[static_cast<std::size_t>(e)]);
      const float penalty = penalties.empty() ? 0 : penalties[row];
      sum -= threshold * code_gradients[place] + penalty;
    }
    threshold_gradient[u] = threshold * (sum / width);
  }
}

}  // namespace hourglass
