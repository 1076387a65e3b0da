#include "nn/mixed_loss.hpp"

#include <algorithm>
#include <cmath>

#include "math/elementwise.hpp"
#include "nn/loss_terms.hpp"

namespace hourglass {

namespace {

struct Sample {
  const float* target;
  const float* weights;
  float* values;
  float* gradient;

  [[nodiscard]] float weight(Index c) const { return weights == nullptr ? 1.0F : weights[c]; }
};

double linear_terms(Range features, float factor, const Sample& sample) {
  double loss = 0;
  for (Index c = features.begin; c < features.end; ++c) {
    const float error = sample.values[c] - sample.target[c];
    const float weight = sample.weight(c);
    loss += static_cast<double>(weight) * (static_cast<double>(error) * static_cast<double>(error));
    if (sample.gradient != nullptr) sample.gradient[c] = factor * weight * 2.0F * error;
  }
  return loss;
}

double sigmoid_terms(Range features, float factor, const Sample& sample) {
  double loss = 0;
  for (Index c = features.begin; c < features.end; ++c) {
    const float z = sample.values[c];
    const float x = sample.target[c];
    const float e = elementwise::exp(-std::fabs(z));
    const float term = std::fma(-z, x, z > 0 ? z : 0.0F) + elementwise::log1p_unit(e);
    const float output = (z < 0 ? e : 1.0F) / (1.0F + e);
    const float weight = sample.weight(c);
    loss += static_cast<double>(weight * term);
    if (sample.gradient != nullptr) sample.gradient[c] = factor * weight * (output - x);
    sample.values[c] = output;
  }
  return loss;
}

// NaN goes through: a comparison that is false takes what is not a number.
float largest_of(const float* values, Index count) {
  float largest = values[0];
  for (Index c = 1; c < count; ++c) largest = values[c] <= largest ? largest : values[c];
  return largest;
}

// Logits become probabilities; gives the sum of exp(z - largest), which is at least 1.
float softmax(float* values, Index count) {
  const float largest = largest_of(values, count);
  float sum = 0;
  for (Index c = 0; c < count; ++c) {
    values[c] = elementwise::exp(values[c] - largest);
    sum += values[c];
  }
  for (Index c = 0; c < count; ++c) values[c] /= sum;
  return sum;
}

double softmax_terms(Range features, float factor, const Sample& sample) {
  const Index count = features.size();
  const float* const x = sample.target + features.begin;
  float* const z = sample.values + features.begin;
  const float* const w = sample.weights == nullptr ? nullptr : sample.weights + features.begin;
  // The logarithms need the logits, which the outputs replace: first the linear part of the loss,
  // sum of w x (-z), relative to the largest logit.
  const float largest = largest_of(z, count);
  double linear = 0;
  double total = 0;
  for (Index c = 0; c < count; ++c) {
    const float share = w == nullptr ? x[c] : w[c] * x[c];
    if (share == 0) continue;
    linear += static_cast<double>(share) * static_cast<double>(largest - z[c]);
    total += static_cast<double>(share);
  }
  const float sum = softmax(z, count);
  if (sample.gradient != nullptr) {
    float* const g = sample.gradient + features.begin;
    const auto all = static_cast<float>(total);
    for (Index c = 0; c < count; ++c) {
      const float share = w == nullptr ? x[c] : w[c] * x[c];
      g[c] = factor * (all * z[c] - share);
    }
  }
  return linear + total * static_cast<double>(loss_term::log(sum));
}

}  // namespace

Index column_count(std::span<const OutputGroup> groups) {
  Index count = 0;
  for (const OutputGroup& group : groups) count += group.columns;
  return count;
}

Index column_count(std::span<const OutputGroup> groups, const float* present) {
  Index count = 0;
  for (const OutputGroup& group : groups) {
    const bool category = group.kind == OutputGroup::Kind::softmax;
    const Index end = category ? group.features.begin + 1 : group.features.end;
    count += end - group.features.begin -
             std::count(present + group.features.begin, present + end, 0.0F);
  }
  return count;
}

double mixed_loss(std::span<const OutputGroup> groups, float factor, const float* target,
                  const float* weights, float* values, float* gradient) {
  const Sample sample{target, weights, values, gradient};
  double loss = 0;
  for (const OutputGroup& group : groups) {
    const float scaled = factor * group.weight;
    double terms = 0;
    switch (group.kind) {
      case OutputGroup::Kind::linear:
        terms = linear_terms(group.features, scaled, sample);
        break;
      case OutputGroup::Kind::sigmoid:
        terms = sigmoid_terms(group.features, scaled, sample);
        break;
      case OutputGroup::Kind::softmax:
        terms = softmax_terms(group.features, scaled, sample);
        break;
    }
    loss += static_cast<double>(group.weight) * terms;
  }
  return loss;
}

void mixed_outputs(std::span<const OutputGroup> groups, float* values) {
  for (const OutputGroup& group : groups) {
    float* const z = values + group.features.begin;
    if (group.kind == OutputGroup::Kind::softmax) {
      static_cast<void>(softmax(z, group.features.size()));
    } else if (group.kind == OutputGroup::Kind::sigmoid) {
      for (Index c = 0; c < group.features.size(); ++c) {
        const float e = elementwise::exp(-std::fabs(z[c]));
        z[c] = (z[c] < 0 ? e : 1.0F) / (1.0F + e);
      }
    }
  }
}

}  // namespace hourglass
