// Every penalty and variant against the objective rewritten in double: values, and gradients by
// central differences.
#include "model/regularization.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "hourglass/core/error.hpp"
#include "model/autoencoder.hpp"
#include "nn/objective.hpp"

namespace hourglass {
namespace {

using reference::Trial;
using reference::Vector;

AutoencoderSpec small_spec() {
  AutoencoderSpec spec;
  spec.encoder = {9, 6, 4};
  spec.activation = Activation::tanh;
  spec.code_activation = Activation::sigmoid;
  return spec;
}

void expect_right_gradient(const AutoencoderSpec& spec, double tolerance = 2e-4) {
  Trial trial(spec);
  const LossSums sums = trial.train();
  const Vector parameters = trial.parameters();
  const auto objective = [&](const Vector& p) { return trial.objective(p); };
  EXPECT_NEAR(sums.loss, objective(parameters), 1e-5 * objective(parameters));
  for (const Tensor& tensor : trial.model().layout().tensors()) {
    double largest = 0;
    Vector expected;
    for (Index i = 0; i < tensor.size; ++i) {
      expected.push_back(0.5 * reference::derivative(objective, parameters,
                                                     static_cast<std::size_t>(tensor.offset + i)));
      largest = std::max(largest, std::fabs(expected.back()));
    }
    EXPECT_GT(largest, 0) << tensor.name << " has no gradient: nothing is tested";
    for (Index i = 0; i < tensor.size; ++i) {
      const double exact = expected[static_cast<std::size_t>(i)];
      ASSERT_NEAR(trial.gradient()[tensor.offset + i], exact,
                  tolerance * std::fabs(exact) + 2e-5 * largest)
          << tensor.name << "[" << i << "]";
    }
  }
}

TEST(Variants, tied_weights_collect_both_gradients) {
  AutoencoderSpec spec = small_spec();
  spec.encoder = {9, 6, 5, 4};
  spec.tied = true;
  const Autoencoder model(spec);
  for (const Tensor& tensor : model.layout().tensors())
    EXPECT_FALSE(tensor.name.starts_with("decoder") && tensor.name.ends_with("weight"));
  expect_right_gradient(spec);
}

TEST(Variants, a_pre_bias_collects_the_gradients_of_both_ends) {
  AutoencoderSpec spec = small_spec();
  spec.output_activation = Activation::linear;
  spec.dictionary.pre_bias = PreBias::mean;
  expect_right_gradient(spec);
  spec.encoder = {9, 4};  // one layer on each side, whose derivative is saved
  spec.code_activation = Activation::gelu;
  spec.tied = true;
  expect_right_gradient(spec);
}

TEST(Variants, layer_normalisation) {
  AutoencoderSpec spec = small_spec();
  spec.layer_norm = true;
  expect_right_gradient(spec);
  spec.activation = Activation::gelu;
  expect_right_gradient(spec);
}

TEST(Variants, every_corruption_and_its_emphasis) {
  for (const Corruption kind : {Corruption::gaussian, Corruption::masking, Corruption::salt_pepper,
                                Corruption::block, Corruption::stripes}) {
    AutoencoderSpec spec = small_spec();
    spec.image = {3, 3, 1};
    spec.regularization.corruption = {kind, 0.4};
    if (kind != Corruption::gaussian) {
      spec.regularization.corrupted_weight = 2;
      spec.regularization.clean_weight = 0.25;
    }
    expect_right_gradient(spec);
  }
}

TEST(Penalties, l1_on_code_and_hidden_layers) {
  AutoencoderSpec spec = small_spec();
  spec.code_activation = Activation::linear;
  spec.regularization.l1 = 0.1;
  spec.regularization.hidden_l1 = 0.05;
  expect_right_gradient(spec);
}

TEST(Penalties, l1_by_layer) {
  AutoencoderSpec spec = small_spec();
  spec.encoder = {9, 6, 5, 4};
  spec.regularization.hidden_l1.some = {{2, 0.3}, {3, 0.1}};
  expect_right_gradient(spec);
  spec.regularization.hidden_l1.all = 0.05;
  expect_right_gradient(spec);
}

TEST(Penalties, weights_of_features) {
  for (const Loss loss : {Loss::mse, Loss::bce, Loss::mae, Loss::huber, Loss::log_cosh}) {
    AutoencoderSpec spec = small_spec();
    spec.loss = loss;
    spec.feature_weights = {1, 2, 0, 0.5F, 3, 1, 1, 4, 0.1F};
    expect_right_gradient(spec);
    spec.regularization.corruption = {Corruption::masking, 0.4};
    spec.regularization.clean_weight = 0.25;
    expect_right_gradient(spec);
  }
}

TEST(Penalties, divergence_of_mean_activation) {
  AutoencoderSpec spec = small_spec();
  spec.regularization.kl_weight = 0.3;
  spec.regularization.kl_target = 0.1;
  expect_right_gradient(spec);
}

TEST(Penalties, contractive_in_closed_form_of_one_layer) {
  for (const Activation code : {Activation::sigmoid, Activation::tanh, Activation::softplus,
                                Activation::elu, Activation::gelu}) {
    AutoencoderSpec spec = small_spec();
    spec.encoder = {9, 4};
    spec.code_activation = code;
    spec.regularization.contractive = 0.2;
    spec.regularization.contractive_method = ContractiveMethod::closed_form;
    expect_right_gradient(spec);
    spec.regularization.contractive_method = ContractiveMethod::exact;
    expect_right_gradient(spec);
  }
}

TEST(Penalties, contractive_of_a_deep_encoder_exactly) {
  for (const Activation activation : {Activation::sigmoid, Activation::tanh, Activation::selu,
                                      Activation::gelu, Activation::softplus}) {
    AutoencoderSpec spec = small_spec();
    spec.encoder = {9, 6, 5, 4};
    spec.activation = activation;
    spec.code_activation = activation;
    spec.regularization.contractive = 0.2;
    spec.regularization.contractive_method = ContractiveMethod::exact;
    expect_right_gradient(spec, 1e-3);
  }
}

TEST(Penalties, contractive_with_tied_weights) {
  AutoencoderSpec spec = small_spec();
  spec.tied = true;
  spec.regularization.contractive = 0.2;
  spec.regularization.contractive_method = ContractiveMethod::exact;
  expect_right_gradient(spec, 1e-3);
}

TEST(Penalties, change_of_the_jacobian) {
  AutoencoderSpec spec = small_spec();
  spec.regularization.contractive = 0.1;
  spec.regularization.contractive_method = ContractiveMethod::exact;
  spec.regularization.hessian_weight = 0.5;
  spec.regularization.hessian_sigma = 0.5;
  spec.regularization.hessian_samples = 2;
  expect_right_gradient(spec, 1e-3);
}

TEST(Penalties, the_estimate_is_right_on_average) {
  AutoencoderSpec spec = small_spec();
  spec.regularization.contractive = 1;
  spec.regularization.contractive_method = ContractiveMethod::exact;
  Trial exact(spec);
  const double value = exact.train().penalty;
  spec.regularization.contractive_method = ContractiveMethod::hutchinson;
  spec.regularization.contractive_probes = 2;
  Trial estimate(spec);
  constexpr int draws = 3000;
  double mean = 0;
  Vector gradient(static_cast<std::size_t>(exact.gradient().size()), 0.0);
  for (int draw = 0; draw < draws; ++draw) {
    estimate.set_seed(static_cast<std::uint64_t>(draw));
    mean += estimate.train().penalty / draws;
    for (std::size_t i = 0; i < gradient.size(); ++i)
      gradient[i] += static_cast<double>(estimate.gradient().span()[i]) / draws;
  }
  EXPECT_NEAR(mean, value, 0.02 * value);
  double largest = 0;
  for (const float g : exact.gradient().span())
    largest = std::max(largest, static_cast<double>(std::fabs(g)));
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    EXPECT_NEAR(gradient[i], static_cast<double>(exact.gradient().span()[i]), 0.05 * largest) << i;
  }
}

TEST(Penalties, variational_with_beta_and_free_bits) {
  for (const double free_bits : {0.0, 0.05}) {
    AutoencoderSpec spec = small_spec();
    spec.code_activation = Activation::linear;
    spec.loss = Loss::bce;
    spec.feature_mean = false;
    spec.regularization.variational = true;
    spec.regularization.beta = 2;
    spec.regularization.free_bits = free_bits;
    expect_right_gradient(spec);
  }
}

TEST(Penalties, are_multiplied_by_the_factors_of_the_update) {
  for (const bool variational : {false, true}) {
    AutoencoderSpec spec = small_spec();
    spec.code_activation = Activation::linear;
    spec.regularization.variational = variational;
    const auto with = [&](double l1, double beta) {
      spec.regularization.l1 = variational ? 0 : l1;
      spec.regularization.hidden_l1 = l1;
      spec.regularization.beta = beta;
      return Trial(spec);
    };
    Trial warming = with(0.25, 1);
    warming.set_penalty_factors({.l1 = 0.5, .variational = 0.25});
    Trial plain = with(0.125, 0.25);
    const double penalty = plain.train().penalty;
    EXPECT_GT(penalty, 0);
    EXPECT_EQ(warming.train().penalty, penalty);
    for (Index i = 0; i < plain.gradient().size(); ++i)
      ASSERT_EQ(warming.gradient()[i], plain.gradient()[i]) << i;
  }
}

TEST(Refusals, name_both_settings) {
  const auto message = [](const std::function<void(AutoencoderSpec&)>& change) {
    AutoencoderSpec spec = small_spec();
    change(spec);
    try {
      const Autoencoder model(spec);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const auto expect_names = [&](const std::function<void(AutoencoderSpec&)>& change,
                                const std::vector<std::string>& names) {
    const std::string text = message(change);
    for (const auto& name : names)
      EXPECT_NE(text.find(name), std::string::npos) << text << " does not name " << name;
  };
  using S = AutoencoderSpec;
  expect_names(
      [](S& s) {
        s.tied = true;
        s.decoder = {4, 5, 9};
      },
      {"--tied", "--decoder-layers"});
  expect_names([](S& s) { s.loss = Loss::ssim; }, {"--loss ssim", "--image-shape"});
  expect_names([](S& s) { s.image = {2, 4, 1}; }, {"--image-shape", "--layers"});
  expect_names([](S& s) { s.regularization.k_sparse = 5; }, {"--k-sparse", "--layers"});
  expect_names([](S& s) { s.regularization.corruption.kind = Corruption::block; },
               {"--corruption block", "--image-shape"});
  expect_names(
      [](S& s) {
        s.regularization.corruption = {Corruption::masking, 1.5};
      },
      {"--corruption-strength", "masking"});
  expect_names([](S& s) { s.regularization.clean_weight = 0; }, {"--clean-weight", "--corruption"});
  expect_names(
      [](S& s) {
        s.regularization.kl_weight = 1;
        s.code_activation = Activation::relu;
      },
      {"--kl-weight", "--code-activation"});
  expect_names(
      [](S& s) {
        s.regularization.contractive = 1;
        s.layer_norm = true;
      },
      {"--contractive", "--layer-norm"});
  expect_names(
      [](S& s) {
        s.regularization.hessian_weight = 1;
        s.regularization.hidden_noise = NoiseSpec{Noise::dropout, 0.5};
      },
      {"--hessian-weight", "--hidden-noise"});
  expect_names(
      [](S& s) {
        s.regularization.contractive = 1;
        s.regularization.contractive_method = ContractiveMethod::closed_form;
      },
      {"closed-form", "--layers"});
  expect_names([](S& s) { s.regularization.variational = true; },
               {"--variational", "--code-activation"});
  expect_names(
      [](S& s) {
        s.regularization.variational = true;
        s.code_activation = Activation::linear;
        s.tied = true;
      },
      {"--variational", "--tied"});
  expect_names(
      [](S& s) {
        s.regularization.hidden_noise.some = {{3, {Noise::dropout, 0.5}}};
      },
      {"--hidden-noise", "3", "--layers"});
  expect_names(
      [](S& s) {
        s.regularization.hidden_l1.some = {{0, 0.5}};
      },
      {"--hidden-l1", "0", "--layers"});
  expect_names(
      [](S& s) {
        s.encoder = {9, 4};
        s.regularization.hidden_noise = NoiseSpec{Noise::dropout, 0.5};
      },
      {"--hidden-noise", "--layers"});
  expect_names([](S& s) { s.feature_weights = {1, 2}; }, {"--feature-weights", "--layers"});
  expect_names([](S& s) { s.feature_weights = std::vector<float>(9, 0.0F); },
               {"--feature-weights"});
  const auto convolutional = [](S& s) { s.encoder = layer_list_from("3x3,conv:2x3,4"); };
  expect_names(
      [&](S& s) {
        convolutional(s);
        s.regularization.contractive = 1;
      },
      {"--contractive", "--layers", "convolutions"});
  expect_names(
      [&](S& s) {
        convolutional(s);
        s.image = {1, 9, 1};
      },
      {"--image-shape 1x9", "--layers", "3x3"});
  expect_names(
      [&](S& s) {
        s.encoder = layer_list_from("3x3,conv:2x3");
        s.code_activation = Activation::linear;
        s.regularization.variational = true;
      },
      {"--variational", "--layers"});
  expect_names(
      [&](S& s) {
        convolutional(s);
        s.tied = true;
        s.decoder = layer_list_from("4,3x3x2,tconv:1x3p0o0,9");
      },
      {"--tied", "--decoder-layers", "--layers"});
  const auto predictive = [](S& s) {
    s.encoder = {9, 4};
    s.output_activation = Activation::linear;
    s.regularization.predictive = true;
    s.regularization.l1 = 0.1;
  };
  expect_names(
      [&](S& s) {
        predictive(s);
        s.encoder = {9, 6, 4};
      },
      {"--predictive", "--decoder-layers"});
  expect_names(
      [&](S& s) {
        predictive(s);
        s.output_activation = Activation::sigmoid;
      },
      {"--predictive", "--output-activation"});
  expect_names(
      [&](S& s) {
        predictive(s);
        s.regularization.l1 = 0;
      },
      {"--predictive", "--l1"});
  expect_names(
      [&](S& s) {
        predictive(s);
        s.regularization.k_sparse = 2;
      },
      {"--predictive", "--k-sparse"});
  expect_names(
      [&](S& s) {
        predictive(s);
        s.loss = Loss::mae;
      },
      {"--predictive", "--loss"});
  expect_names([](S& s) { s.regularization.code_noise_before = true; },
               {"--code-noise-before", "--code-noise"});
  EXPECT_EQ(message([](S&) {}), "accepted");
}

}  // namespace
}  // namespace hourglass
