// The Jacobian's norm and the contractive penalty against finite differences of the encoder in
// double. Their gradients through a whole autoencoder are in regularization_test.cpp.
#include "model/contractive.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "hourglass/core/error.hpp"
#include "model/encoder_trial.hpp"

namespace hourglass {
namespace {

using encoder_test::Encoder;
using encoder_test::smooth_activations;
using encoder_test::Vector;

constexpr Index rows = 3;

Regularization contractive(ContractiveMethod method, double weight = 0.5) {
  Regularization settings;
  settings.contractive = weight;
  settings.contractive_method = method;
  return settings;
}

/// |J|_F^2 of each sample.
Vector exact_norms(const Encoder& encoder) {
  Vector norms;
  const Index code = encoder.layers.back()->outputs();
  for (Index r = 0; r < encoder.rows; ++r) {
    double norm = 0;
    for (Index j = 0; j < code; ++j) {
      Vector unit(static_cast<std::size_t>(code), 0.0);
      unit[static_cast<std::size_t>(j)] = 1;
      for (const double value : encoder.product(encoder.doubles(), encoder.sample(r), unit))
        norm += value * value;
    }
    norms.push_back(norm);
  }
  return norms;
}

Vector measured_norms(Encoder& encoder, ContractiveMethod method) {
  const Contractive measure(contractive(method), encoder.layers);
  Buffer<float> scratch(measure.scratch_floats(encoder.rows));
  Vector norms(static_cast<std::size_t>(encoder.rows));
  encoder.forward();
  measure.squared_norms(encoder.parameters.data(), encoder.x(), encoder.workspace, scratch.span(),
                        norms);
  return norms;
}

TEST(Contractive, norms_of_the_jacobian_are_exact) {
  for (const Activation activation : smooth_activations()) {
    for (const std::vector<Index>& widths : std::vector<std::vector<Index>>{{5, 3}, {5, 4, 3}}) {
      Encoder encoder(widths, activation, rows);
      const Vector expected = exact_norms(encoder);
      std::vector<ContractiveMethod> methods = {ContractiveMethod::exact};
      if (widths.size() == 2) methods.push_back(ContractiveMethod::closed_form);
      for (const ContractiveMethod method : methods) {
        const Vector norms = measured_norms(encoder, method);
        for (std::size_t r = 0; r < norms.size(); ++r)
          EXPECT_NEAR(norms[r], expected[r], 2e-5 * (1 + expected[r])) << name_of(activation);
      }
    }
  }
}

TEST(Contractive, penalty_is_the_weighted_sum_of_norms) {
  for (const std::vector<Index>& widths : std::vector<std::vector<Index>>{{5, 3}, {5, 4, 3}}) {
    Encoder encoder(widths, Activation::tanh, rows);
    const Vector norms = exact_norms(encoder);
    const double expected = 0.5 * std::accumulate(norms.begin(), norms.end(), 0.0);
    const Contractive penalty(contractive(ContractiveMethod::automatic), encoder.layers);
    Buffer<float> scratch(penalty.scratch_floats(rows));
    encoder.forward();
    const auto [value, terms] = penalty.apply(encoder.parameters.data(), encoder.x(),
                                              encoder.workspace, 1, {}, scratch.span());
    EXPECT_NEAR(value, expected, 1e-4 * expected);
    EXPECT_EQ(terms.size(), encoder.layers.size()) << "terms of every layer of the encoder";
  }
}

TEST(Contractive, terms_scale_with_the_gradients_scale) {
  Encoder encoder({5, 4, 3}, Activation::sigmoid, rows);
  const Contractive penalty(contractive(ContractiveMethod::exact), encoder.layers);
  Buffer<float> once(penalty.scratch_floats(rows));
  Buffer<float> twice(penalty.scratch_floats(rows));
  encoder.forward();
  const float* const parameters = encoder.parameters.data();
  const auto a = penalty.apply(parameters, encoder.x(), encoder.workspace, 1, {}, once.span());
  const auto b = penalty.apply(parameters, encoder.x(), encoder.workspace, 2, {}, twice.span());
  EXPECT_EQ(a.value, b.value);
  for (std::size_t l = 0; l < a.terms.size(); ++l) {
    const ConstMatrix single = a.terms[l].pre_activation;
    const ConstMatrix scaled = b.terms[l].pre_activation;
    for (Index r = 0; r < single.rows; ++r) {
      for (Index c = 0; c < single.columns; ++c) EXPECT_FLOAT_EQ(scaled(r, c), 2 * single(r, c));
    }
  }
}

TEST(Contractive, perturbations_have_products_and_biases_of_their_own) {
  Encoder encoder({5, 4, 3}, Activation::sigmoid, rows);
  Regularization settings = contractive(ContractiveMethod::exact);
  settings.hessian_weight = 0.3;
  settings.hessian_samples = 2;
  const Contractive penalty(settings, encoder.layers);
  Buffer<float> scratch(penalty.scratch_floats(rows));
  const std::vector<std::uint64_t> ids = {4, 2, 9};
  encoder.forward();
  const auto [value, terms] =
      penalty.apply(encoder.parameters.data(), encoder.x(), encoder.workspace, 1,
                    {.training = true, .seed = 3, .sample_ids = ids}, scratch.span());
  const Vector norms = exact_norms(encoder);
  EXPECT_GT(value, 0.5 * std::accumulate(norms.begin(), norms.end(), 0.0));
  for (const SecondOrderTerms& layer : terms) {
    EXPECT_EQ(layer.products.size(), 5U);
    EXPECT_EQ(layer.bias.size(), 2U);
    for (const auto& [left, right] : layer.products) {
      EXPECT_FALSE(left.empty());
      EXPECT_FALSE(right.empty());
      EXPECT_EQ(left.rows, right.rows);
    }
  }
}

TEST(Contractive, refuses_what_it_cannot_do) {
  Encoder deep({5, 4, 3}, Activation::tanh, rows);
  EXPECT_THROW(Contractive(contractive(ContractiveMethod::closed_form), deep.layers), Error);
  EXPECT_THROW(static_cast<void>(measured_norms(deep, ContractiveMethod::hutchinson)), Error)
      << "an estimate is not a measurement";
  const Contractive exact(contractive(ContractiveMethod::exact), deep.layers);
  Buffer<float> scratch(exact.scratch_floats(rows) / 2);
  EXPECT_THROW(static_cast<void>(exact.apply(deep.parameters.data(), deep.x(), deep.workspace, 1,
                                             {}, scratch.span())),
               Error)
      << "too little scratch memory";
}

TEST(PerturbationContext, differs_in_the_seed_alone) {
  const std::vector<std::uint64_t> ids = {1};
  const PassContext context{.training = true, .seed = 5, .epoch = 2, .sample_ids = ids};
  const PassContext first = perturbation_context(context, 0);
  const PassContext second = perturbation_context(context, 1);
  EXPECT_NE(first.seed, context.seed);
  EXPECT_NE(second.seed, context.seed);
  EXPECT_NE(first.seed, second.seed);
  EXPECT_EQ(first.epoch, 2U);
  EXPECT_EQ(first.sample_ids.data(), ids.data());
}

}  // namespace
}  // namespace hourglass
