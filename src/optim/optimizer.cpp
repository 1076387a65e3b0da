#include "optim/optimizer.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "hourglass/core/error.hpp"
#include "optim/adadelta.hpp"
#include "optim/adagrad.hpp"
#include "optim/adam.hpp"
#include "optim/check.hpp"
#include "optim/kfac.hpp"
#include "optim/lamb.hpp"
#include "optim/lars.hpp"
#include "optim/matrix_optimizer.hpp"
#include "optim/muon.hpp"
#include "optim/nadam.hpp"
#include "optim/rmsprop.hpp"
#include "optim/sgd.hpp"
#include "optim/shampoo.hpp"
#include "optim/soap.hpp"

namespace hourglass {

namespace {

struct Rule {
  std::string_view name;
  std::unique_ptr<Optimizer> (*make)(const OptimizerSettings&);
};

template <class Type, auto... variant>
std::unique_ptr<Optimizer> make(const OptimizerSettings& settings) {
  return std::make_unique<Type>(settings, variant...);
}

template <class Rule>
std::unique_ptr<Optimizer> make_matrix_wise(const OptimizerSettings& settings) {
  return std::make_unique<MatrixOptimizer>(settings, std::make_unique<Rule>(settings));
}

constexpr std::array rules = {
    Rule{"sgd", make<Sgd>},
    Rule{"adam", make<Adam, Adam::Decay::in_gradient>},
    Rule{"adamw", make<Adam, Adam::Decay::decoupled>},
    Rule{"nadam", make<NAdam>},
    Rule{"adagrad", make<AdaGrad>},
    Rule{"rmsprop", make<RmsProp>},
    Rule{"adadelta", make<AdaDelta>},
    Rule{"lars", make<Lars>},
    Rule{"lamb", make<Lamb>},
    Rule{"muon", make_matrix_wise<Muon>},
    Rule{"shampoo", make_matrix_wise<Shampoo>},
    Rule{"soap", make_matrix_wise<Soap>},
    Rule{"kfac", make_matrix_wise<Kfac>},
};

}  // namespace

void Optimizer::advance(const UpdateStep& /*step*/, std::span<const float> /*parameters*/,
                        std::span<const float> /*gradient*/, std::span<float* const> /*state*/,
                        TensorNorms& /*norms*/) const {
  require(false, "an element-wise optimizer is asked for norms");
}

double Optimizer::trust_ratio(const UpdateStep& /*step*/, double /*parameter_norm*/,
                              double /*direction_norm*/) const {
  return 1;
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerSettings& settings) {
  const auto found = std::ranges::find(rules, settings.name, &Rule::name);
  if (found == rules.end()) throw_unknown_choice("--optimizer", settings.name, optimizer_names());
  return found->make(settings);
}

std::vector<std::string> optimizer_names() {
  std::vector<std::string> result;
  result.reserve(rules.size());
  for (const Rule& rule : rules) result.emplace_back(rule.name);
  return result;
}

}  // namespace hourglass
