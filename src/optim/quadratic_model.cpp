#include "optim/quadratic_model.hpp"

#include <cmath>

namespace hourglass {

namespace {

// Of the loss, by the first step.
constexpr double first_reduction = 0.1;
// Below this sine squared of the angle between both directions, rounding decides on mu.
constexpr double smallest_angle = 1e-6;

}  // namespace

void ModelSums::clear() {
  for (ExactSum& term : terms) term.clear();
}

void ModelSums::add(const ModelSums& other) {
  for (std::size_t i = 0; i < terms.size(); ++i) terms[i].add(other.terms[i]);
}

ModelWeights minimize(const ModelSums& sums, const ModelState& model) {
  const auto value = [&](ModelSums::Name name) { return sums.terms[name].value(); };
  const double slope = value(ModelSums::gradient_direction);
  // An optimum that is this far down has half of that in its quadratic term.
  if (model.scale <= 0)
    return {slope > 0 ? 2 * first_reduction * std::fabs(model.loss) / slope : 0 * slope, 0};
  const double last_slope = value(ModelSums::gradient_last);
  const auto curvature = [&](ModelSums::Name name, ModelSums::Name decay) {
    return model.scale * value(name) + value(decay);
  };
  const double own =
      curvature(ModelSums::direction_direction, ModelSums::decay_direction_direction);
  const double both = curvature(ModelSums::direction_last, ModelSums::decay_direction_last);
  const double last = curvature(ModelSums::last_last, ModelSums::decay_last_last);
  const double determinant = own * last - both * both;
  if (own > 0 && last > 0 && determinant > smallest_angle * own * last) {
    return {(last * slope - both * last_slope) / determinant,
            (own * last_slope - both * slope) / determinant};
  }
  // A product with 0 stays NaN where something was not finite, and so is seen.
  return {own > 0 ? slope / own : 0 * own, 0};
}

}  // namespace hourglass
