#include "nn/sparse_encoder.hpp"

#include <algorithm>
#include <cmath>

#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "math/code_product.hpp"
#include "math/elementwise.hpp"
#include "math/onednn.hpp"
#include "nn/batch_selection.hpp"
#include "nn/sparse_code.hpp"
#include "nn/unit_group.hpp"

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
  if (is(Selection::jump_relu)) threshold_ = layout.add(name + "/log_threshold", {units});
  if (is(Selection::batch_top_k)) threshold_ = layout.add(name + "/threshold", {1});
  if (threshold_ >= 0) threshold_tensor_ = layout.tensor(threshold_);
  if (is(Selection::gated)) {
    magnitude_ = layout.add(name + "/log_magnitude", {units});
    magnitude_bias_ = layout.add(name + "/magnitude_bias", {units});
    magnitude_tensor_ = layout.tensor(magnitude_);
    magnitude_bias_tensor_ = layout.tensor(magnitude_bias_);
  }
  if (centre) centre_.emplace(layout, *centre);
}

std::vector<TensorRole> SparseEncoder::roles() const {
  std::vector<TensorRole> roles{{weight_, false, inputs_, units_}, {bias_, true, inputs_, units_}};
  const auto start =
      is(Selection::jump_relu) ? static_cast<float>(std::log(selection_.threshold)) : 0.0F;
  for (const Slot slot : {threshold_, magnitude_, magnitude_bias_}) {
    if (slot >= 0) roles.push_back({slot, true, inputs_, units_, start});
  }
  if (centre_) roles.push_back({centre_->slot(), true, inputs_, units_});
  return roles;
}

std::vector<UnitRows> SparseEncoder::unit_rows() const {
  std::vector<UnitRows> rows{{weight_tensor_.offset, inputs_}, {bias_tensor_.offset, 1}};
  if (is(Selection::jump_relu)) rows.push_back({threshold_tensor_.offset, 1});
  if (is(Selection::gated)) {
    rows.push_back({magnitude_tensor_.offset, 1});
    rows.push_back({magnitude_bias_tensor_.offset, 1});
  }
  return rows;
}

// Of the selection, or thresholds, bounds and lists; and the errors of products.
Index SparseEncoder::fixed_scratch() const {
  return std::max(selection_scratch_floats(units_), 4 * units_) + units_;
}

Index SparseEncoder::training_k(const PassContext& context) const {
  const Index wanted = context.penalty_factors.k;
  return std::min(context.training && wanted > 0 ? wanted : selection_.k, units_);
}

Index SparseEncoder::batch_count(const PassContext& context, Index rows) const {
  return training_k(context) * (context.batch_samples > 0 ? context.batch_samples : rows);
}

void SparseEncoder::follow(float smallest, float* parameters) const {
  float& threshold = parameters[threshold_tensor_.offset];
  if (smallest > 0)
    threshold = threshold == 0 ? smallest : std::fma(0.999F, threshold, 0.001F * smallest);
}

ConstMatrix SparseEncoder::input_of(const float* parameters, ConstMatrix x,
                                    std::span<float> scratch) const {
  return centre_ ? centre_->subtract(parameters, x, scratch) : x;
}

void SparseEncoder::forward(const float* parameters, ConstMatrix given, Matrix y,
                            std::span<float> scratch, const PassContext& context) const {
  require(context.code != nullptr, "a sparse code without a place");
  const ConstMatrix x = input_of(parameters, given, scratch);
  if (context.unit_group != nullptr) {
    require(context.bfloat16_parameters == nullptr, "a dictionary of parts in bfloat16");
    const bool selected = context.training && context.code->is_selected();
    if (selected && context.dead_units.empty()) return;
    const Range own = context.unit_group->units();
    const ConstMatrix rows(weight(parameters).row(own.begin).data(), own.size(), inputs_);
    // One row after the other, so that memory is used for own units alone.
    const Matrix products(y.data, y.rows, own.size());
    gemm(false, true, x, rows, 0, products);
    if (selected) return;
    select(parameters, {}, products, own,
           scratch.subspan(static_cast<std::size_t>(x.rows * scratch_per_row())), context);
    context.code->place(own.begin, units_);
    if (is(Selection::top_k)) context.unit_group->keep_largest(training_k(context), *context.code);
    return;
  }
  if (context.training && context.code->is_selected()) {
    // The products were another micro-batch's in the meantime; the auxiliary loss reads them.
    if (!context.dead_units.empty()) gemm(false, true, x, weight(parameters), 0, y);
    return;
  }
  // Candidates of a batch are too many to be multiplied again.
  const bool rounded =
      context.bfloat16_parameters != nullptr && !(context.training && is(Selection::batch_top_k));
  const std::span<float> fixed =
      scratch.subspan(static_cast<std::size_t>(x.rows * scratch_per_row()));
  const auto units = static_cast<std::size_t>(units_);
  if (rounded) {
    const Rounded products = multiply_rounded(parameters, x, y, fixed.first(units), context);
    select(parameters, products, y, {0, units_}, fixed.subspan(units), context);
  } else {
    gemm(false, true, x, weight(parameters), 0, y);
    select(parameters, {}, y, {0, units_}, fixed, context);
  }
}

// With the largest e = error_x / norm_x of the rows, products of rounded rows differ from exact
// ones by at most norm_x (e norm_w + (1 + e) error_w) (nn/rounded_weights.hpp). The sums of both
// products are wrong by at most inputs 2^-24 norm_x norm_w each; the sum with the bias, and what is
// computed here, by some 2^-24 of their terms. Bounds stay finite whatever the weights.
SparseEncoder::Rounded SparseEncoder::multiply_rounded(const float* parameters, ConstMatrix x,
                                                       Matrix y, std::span<float> errors,
                                                       const PassContext& context) const {
  require(context.row_rounding.size() == errors.size(), "rounded weights without bounds");
  float ratio = 0;
  for (Index r = 0; r < x.rows; ++r) {
    Bfloat16* const to = context.bfloat16_scratch.data() + r * inputs_;
    const RowRounding row = round_row(x.row(r).data(), to, inputs_);
    ratio = std::max(ratio, row.error / row.norm);
  }
  gemm_bfloat16(false, true, {context.bfloat16_scratch.data(), x.rows, inputs_},
                {context.bfloat16_parameters + weight_tensor_.offset, units_, inputs_}, 0, y);
  constexpr float largest = 1e8F;
  const float sums = static_cast<float>(inputs_ + 16) * 0x1.04p-23F;
  for (std::size_t u = 0; u < errors.size(); ++u) {
    const RowRounding& row = context.row_rounding[u];
    const float error = 1.001F * ((ratio + sums) * row.norm + (1 + ratio) * row.error);
    errors[u] = error < largest ? error : largest;
  }
  float bias = 0;
  for (const float value : this->bias(parameters)) bias = std::max(bias, std::fabs(value));
  const float underflow = static_cast<float>(inputs_) * 0x1p-125F;
  return {x, errors, std::min(bias, largest) * 0x1p-21F + underflow};
}

void SparseEncoder::select(const float* parameters, const Rounded& rounded, ConstMatrix products,
                           Range own, std::span<float> scratch, const PassContext& context) const {
  SparseCode& code = *context.code;
  const auto units = static_cast<std::size_t>(own.size());
  const std::span<const float> bias =
      this->bias(parameters).subspan(static_cast<std::size_t>(own.begin), units);
  if (is(Selection::batch_top_k) && context.training) {
    const Index count = batch_count(context, products.rows);
    select_candidates(products, bias, count, code);
    if (context.batch_samples == 0) {
      const BatchPart batch{0, &code};
      keep_largest({&batch, 1}, 1, count, [](std::span<std::int64_t>) {});
    }
    return;
  }
  code.clear(units_);
  if (is(Selection::top_k)) {
    for_rows(parameters, rounded, products, [&](Index r, const Inexact* inexact) {
      select_largest(products.row(r), bias, std::min(training_k(context), own.size()), scratch,
                     inexact, code);
    });
    return;
  }
  const std::span<float> thresholds = scratch.first(units);
  const std::span<float> bounds = scratch.subspan(units, units);
  std::ranges::fill(thresholds,
                    is(Selection::batch_top_k) ? parameters[threshold_tensor_.offset] : 0.0F);
  // Units just below their threshold have no part in the code, but in the threshold's gradient.
  float below = 0;
  if (is(Selection::jump_relu)) {
    const float* const logarithms = parameters + threshold_tensor_.offset + own.begin;
    for (std::size_t u = 0; u < units; ++u) thresholds[u] = elementwise::exp(logarithms[u]);
    if (context.training) below = 0.5F * static_cast<float>(selection_.bandwidth);
  }
  for (std::size_t u = 0; u < units; ++u) bounds[u] = thresholds[u] - below;
  for_rows(parameters, rounded, products, [&](Index r, const Inexact* inexact) {
    select_above(products.row(r), bias, bounds, thresholds, scratch.subspan(2 * units), inexact,
                 code);
  });
  if (is(Selection::gated)) open_gates(parameters, own.begin, code);
}

void SparseEncoder::for_rows(
    const float* parameters, const Rounded& rounded, ConstMatrix products,
    FunctionRef<void(Index row, const Inexact* inexact)> select_row) const {
  constexpr float largest = 1e30F;
  const ConstMatrix weight = this->weight(parameters);
  for (Index r = 0; r < products.rows; ++r) {
    if (rounded.input.empty()) {
      select_row(r, nullptr);
      continue;
    }
    const float* const x = rounded.input.row(r).data();
    const auto exact = [&](std::span<const std::int32_t> units, float* exact_products) {
      multiply_listed(x, weight, units, exact_products);
    };
    const float norm = norm_bound(x, inputs_);
    const Inexact inexact{norm < largest ? norm : largest, rounded.offset, rounded.errors, exact};
    select_row(r, &inexact);
  }
}

void SparseEncoder::open_gates(const float* parameters, Index first, SparseCode& code) const {
  const float* const logarithms = parameters + magnitude_tensor_.offset + first;
  const float* const shift = parameters + magnitude_bias_tensor_.offset + first;
  const float* const bias = parameters + bias_tensor_.offset + first;
  const std::span<const std::int32_t> units = code.view().columns;
  const std::span<float> values = code.values();
  for (std::size_t e = 0; e < values.size(); ++e) {
    const auto u = static_cast<std::size_t>(units[e]);
    const float product = code.pre_activations()[e] - bias[u];
    const float magnitude = std::fma(elementwise::exp(logarithms[u]), product, shift[u]);
    values[e] = magnitude <= 0 ? 0 : magnitude;
  }
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
  if (is(Selection::batch_top_k)) gradient[threshold_tensor_.offset] = 0;
  if (is(Selection::jump_relu)) threshold_gradients(parameters, gradient, context);
  const std::span<const float> values = code.view().values;
  for (std::size_t e = 0; e < gradients.size(); ++e) {
    if (values[e] == 0) gradients[e] = 0;
  }
  const UnitElements elements = code.by_unit();
  if (is(Selection::gated)) {
    gate_gradients(parameters, gradient, context);
  } else {
    bias_gradients(elements, gradients, gradient + bias_tensor_.offset);
  }
  gather_rows(elements, gradients, x, Matrix(gradient + weight_tensor_.offset, units_, inputs_),
              context.active_rows != nullptr);
  if (centre_) {
    // With gates the sums of dL/d(x W^T) are not the bias's gradient.
    const std::span<float> sums = scratch.subspan(static_cast<std::size_t>(x.rows * inputs_),
                                                  static_cast<std::size_t>(units_));
    bias_gradients(elements, gradients, sums.data());
    const auto add = [&] { centre_->add_gradient(sums, weight(parameters), gradient); };
    if (context.unit_group == nullptr) {
      add();
    } else {
      context.unit_group->sum_over_units(centre_->gradient(gradient),
                                         [&](Range /*rows*/, bool /*first*/) { add(); });
    }
  }
  if (!dx.empty()) multiply_code(code.gradient_view(), weight(parameters), dx);
}

void SparseEncoder::bias_gradients(const UnitElements& elements, std::span<const float> gradients,
                                   float* to) const {
  for (Index u = 0; u < units_; ++u) {
    float sum = 0;
    const auto at = static_cast<std::size_t>(u);
    for (std::int32_t e = elements.starts[at]; e < elements.starts[at + 1]; ++e)
      sum += gradients[static_cast<std::size_t>(elements.places[static_cast<std::size_t>(e)])];
    to[u] = sum;
  }
}

// Turns the code's gradients, dL/dm, into dL/d(x W^T).
void SparseEncoder::gate_gradients(const float* parameters, float* gradient,
                                   const PassContext& context) const {
  SparseCode& code = *context.code;
  const UnitElements elements = code.by_unit();
  const std::span<float> gradients = code.gradients();
  const std::span<const float> gates = code.gate_gradients();
  require(gates.size() == gradients.size(), "gates without gradients");
  bias_gradients(elements, gates, gradient + bias_tensor_.offset);
  bias_gradients(elements, gradients, gradient + magnitude_bias_tensor_.offset);
  const float* const logarithms = parameters + magnitude_tensor_.offset;
  const std::span<const float> bias = this->bias(parameters);
  for (Index u = 0; u < units_; ++u) {
    const auto at = static_cast<std::size_t>(u);
    const float factor = elementwise::exp(logarithms[u]);
    float sum = 0;
    for (std::int32_t e = elements.starts[at]; e < elements.starts[at + 1]; ++e) {
      const auto place = static_cast<std::size_t>(elements.places[static_cast<std::size_t>(e)]);
      const float product = code.pre_activations()[place] - bias[at];
      sum = std::fma(gradients[place] * factor, product, sum);
      gradients[place] = std::fma(factor, gradients[place], gates[place]);
    }
    gradient[magnitude_tensor_.offset + u] = sum;
  }
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
