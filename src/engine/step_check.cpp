#include "engine/step_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/sum_over_ranks.hpp"
#include "hourglass/core/error.hpp"
#include "optim/lbfgs.hpp"

namespace hourglass {

namespace {

// The damping and the scale.
constexpr const char* model_path = "/position/kfac_model";

}  // namespace

StepCheck::StepCheck(const Communicator& communicator, GradientExchange& exchange,
                     GradientEngine& engine, ShardedOptimizer& optimizer, std::vector<Range> others,
                     const LevenbergMarquardt& rule)
    : communicator_(communicator),
      exchange_(exchange),
      engine_(engine),
      optimizer_(optimizer),
      others_(std::move(others)),
      rule_(rule),
      change_(static_cast<Index>(exchange.parameters().size())),
      gradient_(exchange.owned_floats()) {
  Index floats = 0;
  for (const Range& range : others_) floats += range.size();
  held_.resize(static_cast<std::size_t>(floats));
}

void StepCheck::begin() {
  std::ranges::copy(exchange_.parameters(), change_.data());
  const std::span<const float> gradient = exchange_.gradient();
  float* to = gradient_.data();
  for (const Range& range : exchange_.owned())
    to = std::copy_n(gradient.data() + range.begin, range.size(), to);
}

void StepCheck::set_others_back() {
  float* held = held_.data();
  for (const Range& range : others_) {
    float* const now = exchange_.parameters().data() + range.begin;
    held = std::copy_n(now, range.size(), held);
    std::copy_n(change_.data() + range.begin, range.size(), now);
  }
}

void StepCheck::restore_others() {
  const float* held = held_.data();
  for (const Range& range : others_) {
    std::copy_n(held, range.size(), exchange_.parameters().data() + range.begin);
    held += range.size();
  }
}

void StepCheck::finish(Index step, double loss, Index samples) {
  set_others_back();
  const std::span<const float> parameters = exchange_.parameters();
  for (Index i = 0; i < change_.size(); ++i)
    change_[i] = parameters[static_cast<std::size_t>(i)] - change_[i];
  StepOutcome outcome;
  outcome.loss = loss;
  ExactSum slope;
  const float* gradient = gradient_.data();
  for (const Range& range : exchange_.owned()) {
    const auto size = static_cast<std::size_t>(range.size());
    add_products({gradient, size}, {change_.data() + range.begin, size}, slope);
    gradient += size;
  }
  exchange_.sum_over_owners({&slope, 1});
  outcome.slope = slope.value();
  outcome.curvature = optimizer_.curvature(step, rule_.state(loss).damping, change_.span());
  ExactSum& after = engine_.repeat_losses();
  restore_others();
  sum_over_ranks(communicator_, {&after, 1});
  outcome.change = after.value() / static_cast<double>(samples) - loss;
  rule_.observe(step, outcome);
}

void StepCheck::store(StateHeader& header) const {
  const ModelState state = rule_.state(0);
  header.doubles[model_path] = {state.damping, state.scale};
}

void StepCheck::load(const StateFile& file) {
  const auto found = file.header.doubles.find(model_path);
  // Of a run that began with a constant damping.
  if (found == file.header.doubles.end()) return;
  const std::vector<double>& values = found->second;
  const auto valid = [](double value) { return std::isfinite(value) && value >= 0; };
  if (values.size() != 2 || !std::ranges::all_of(values, valid) || values[0] == 0) {
    throw Error(ErrorKind::data,
                fmt::format("{} has no valid {}: the damping and the scale of the curvature",
                            file.path, model_path),
                Reach::everywhere);
  }
  rule_.restore(values[0], values[1]);
}

Index StepCheck::bytes() const {
  return (change_.size() + gradient_.size() + static_cast<Index>(held_.size())) *
         static_cast<Index>(sizeof(float));
}

}  // namespace hourglass
