#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hourglass/core/error.hpp"
#include "model/autoencoder.hpp"
#include "optim/optimizer.hpp"
#include "optim/schedule.hpp"

// The cases of the allocation tests: every loss, activation, corruption and optimizer that the
// program's own tables name, and every variant of the autoencoder.
namespace hourglass::test {

struct ModelCase {
  std::string name;
  AutoencoderSpec spec;
};
struct OptimizerCase {
  std::string name;
  OptimizerSettings settings;
};

/// 4 x 4 images, one hidden layer and a code of 5 units.
inline AutoencoderSpec small_spec() {
  AutoencoderSpec spec;
  spec.encoder = {16, 9, 5};
  spec.image = {4, 4, 1};
  spec.activation = Activation::gelu;
  spec.code_activation = Activation::sigmoid;
  return spec;
}

inline ModelCase varied(const std::string& name,
                        const std::function<void(AutoencoderSpec&)>& change) {
  ModelCase result{name, small_spec()};
  change(result.spec);
  return result;
}

/// Every loss with every output activation that it allows, without and with feature weights.
inline std::vector<ModelCase> loss_cases() {
  std::vector<ModelCase> cases;
  for (const std::string& loss : loss_names()) {
    for (const std::string& output : activation_names()) {
      AutoencoderSpec spec = small_spec();
      spec.loss = loss_from(loss);
      spec.output_activation = activation_from(output);
      if (spec.loss == Loss::mixed) {
        spec.groups = {{OutputGroup::Kind::linear, {0, 10}, 10, 1},
                       {OutputGroup::Kind::softmax, {10, 14}, 1, 2},
                       {OutputGroup::Kind::sigmoid, {14, 16}, 2, 1}};
      }
      try {
        check_loss(spec.loss, spec.output_activation);
      } catch (const Error&) {
        continue;
      }
      cases.push_back({loss + " of " + output, spec});
      spec.feature_weights.assign(16, 0.5F);
      cases.push_back({loss + " of " + output + " weighted", spec});
    }
  }
  return cases;
}

inline void add_corruptions(std::vector<ModelCase>& cases) {
  for (const std::string& name : corruption_names()) {
    const Corruption kind = corruption_from(name);
    if (kind == Corruption::none) continue;
    cases.push_back(varied("corruption " + name, [&](AutoencoderSpec& spec) {
      spec.regularization.corruption = {kind, 0.3};
    }));
    if (kind == Corruption::gaussian) continue;
    cases.push_back(varied("emphasis of " + name, [&](AutoencoderSpec& spec) {
      spec.regularization.corruption = {kind, 0.3};
      spec.regularization.clean_weight = 0.25;
    }));
  }
}

inline void add_noises(std::vector<ModelCase>& cases) {
  for (const char* const noise : {"gaussian:0.1", "dropout:0.3"}) {
    cases.push_back(varied(
        std::string("noise on hidden layers ") + noise,
        [&](AutoencoderSpec& spec) { spec.regularization.hidden_noise = noise_from(noise); }));
    for (const bool before : {false, true}) {
      cases.push_back(varied(std::string("noise on the code ") + noise + (before ? " before" : ""),
                             [&](AutoencoderSpec& spec) {
                               spec.regularization.code_noise = noise_from(noise);
                               spec.regularization.code_noise_before = before;
                             }));
    }
  }
}

inline void add_contractive(std::vector<ModelCase>& cases) {
  for (const std::string& method : contractive_method_names()) {
    for (const bool hessian : {false, true}) {
      ModelCase one = varied("contractive " + method, [&](AutoencoderSpec& spec) {
        spec.regularization.contractive = 0.1;
        spec.regularization.contractive_method = contractive_method_from(method);
        spec.regularization.contractive_probes = 2;
      });
      if (hessian) {
        one.name += " and hessian";
        one.spec.regularization.hessian_weight = 0.1;
        one.spec.regularization.hessian_samples = 3;
      }
      ModelCase shallow = one;
      shallow.name += " of one layer";
      shallow.spec.encoder = {16, 5};
      for (const ModelCase& made : {one, shallow}) {
        try {
          static_cast<void>(Autoencoder(made.spec));
          cases.push_back(made);
        } catch (const Error&) {  // the closed form of several layers
        }
      }
    }
  }
  cases.push_back(varied("contractive and tied", [](AutoencoderSpec& spec) {
    spec.tied = true;
    spec.regularization.contractive = 0.1;
  }));
}

inline void add_convolutions(std::vector<ModelCase>& cases) {
  for (const bool tied : {false, true}) {
    cases.push_back(varied(tied ? "convolution tied" : "convolution", [&](AutoencoderSpec& spec) {
      spec.encoder = layer_list_from("4x4,conv:3x3s2,5");
      spec.tied = tied;
    }));
  }
  cases.push_back(varied("convolution and layer norm", [](AutoencoderSpec& spec) {
    spec.encoder = layer_list_from("4x4,conv:3x3s2,5");
    spec.layer_norm = true;
  }));
}

/// Every activation and every regularisation.
inline std::vector<ModelCase> variant_cases() {
  std::vector<ModelCase> cases;
  for (const std::string& name : activation_names()) {
    cases.push_back(varied("activation " + name, [&](AutoencoderSpec& spec) {
      spec.activation = activation_from(name);
      spec.code_activation = activation_from(name);
    }));
  }
  add_corruptions(cases);
  add_noises(cases);
  add_contractive(cases);
  add_convolutions(cases);
  cases.push_back(varied("tied", [](AutoencoderSpec& spec) { spec.tied = true; }));
  cases.push_back(varied("layer norm", [](AutoencoderSpec& spec) { spec.layer_norm = true; }));
  cases.push_back(varied("l1", [](AutoencoderSpec& spec) {
    spec.regularization.l1 = 0.1;
    spec.regularization.hidden_l1 = 0.1;
    spec.regularization.hidden_l1.some = {{1, 0.2}};
  }));
  cases.push_back(
      varied("kl sparsity", [](AutoencoderSpec& spec) { spec.regularization.kl_weight = 0.1; }));
  cases.push_back(
      varied("k sparse", [](AutoencoderSpec& spec) { spec.regularization.k_sparse = 2; }));
  cases.push_back(varied("variational", [](AutoencoderSpec& spec) {
    spec.code_activation = Activation::linear;
    spec.regularization.variational = true;
    spec.regularization.free_bits = 0.1;
  }));
  cases.push_back(varied("counts", [](AutoencoderSpec& spec) {
    spec.output_activation = Activation::linear;
    spec.loss = Loss::zinb;
    spec.counts = Counts::log1p;
  }));
  cases.push_back(varied("predictive", [](AutoencoderSpec& spec) {
    spec.decoder = {5, 16};
    spec.output_activation = Activation::linear;
    spec.regularization.predictive = true;
    spec.regularization.l1 = 0.1;
    spec.regularization.hidden_l1 = 0.1;
  }));
  return cases;
}

/// Every rule, with its defaults and with all of its options.
inline std::vector<OptimizerCase> optimizer_cases() {
  std::vector<OptimizerCase> cases;
  for (const std::string& name : optimizer_names()) {
    cases.push_back({name, {.name = name}});
    cases.push_back({name + " with all options",
                     {.name = name,
                      .momentum = 0.9,
                      .nesterov = true,
                      .momentum_schedule = "sutskever",
                      .centered = true,
                      .weight_decay = 0.01}});
  }
  return cases;
}

}  // namespace hourglass::test
