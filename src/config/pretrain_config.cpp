#include "config/pretrain_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/config.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::array<std::pair<Pretrain, std::string_view>, 4> names = {
    {{Pretrain::none, "none"},
     {Pretrain::autoencoder, "autoencoder"},
     {Pretrain::denoising, "denoising"},
     {Pretrain::rbm, "rbm"}}};

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

template <class T>
void check_list(const char* name, const std::vector<T>& list, Index layers, double lowest,
                double highest, bool above = false) {
  check(list.size() <= 1 || static_cast<Index>(list.size()) == layers,
        fmt::format("--{} has {} values, but --layers has {} layers to pretrain: give one for all "
                    "or one per layer",
                    name, list.size(), layers));
  for (const T value : list) {
    const auto number = static_cast<double>(value);
    check((above ? number > lowest : number >= lowest) && number <= highest,
          fmt::format("--{}: {} is out of range; it must be {} {} and at most {:g}", name, value,
                      above ? "above" : "at least", lowest, highest));
  }
}

void check_rbm(const TrainConfig& config) {
  const auto is_unit = [](Activation a) {
    return a == Activation::sigmoid || a == Activation::linear;
  };
  const bool deep = config.model.encoder.size() > 2;
  for (const auto& [name, activation] :
       {std::pair{"activation", deep ? config.model.activation : Activation::sigmoid},
        {"code-activation", config.model.code_activation},
        {"output-activation", config.model.output_activation}}) {
    check(is_unit(activation), fmt::format("--pretrain rbm supports Bernoulli (sigmoid) and "
                                           "Gaussian (linear) units, but --{} is {}",
                                           name, name_of(activation)));
  }
  check(config.pretrain.rbm_steps >= 1 && config.pretrain.rbm_steps <= 1000,
        fmt::format("--rbm-steps must be 1 to 1000, not {}", config.pretrain.rbm_steps));
  check(config.pretrain.momentum >= 0 && config.pretrain.momentum < 1,
        fmt::format("--pretrain-momentum must be at least 0 and below 1, not {}",
                    config.pretrain.momentum));
}

}  // namespace

std::string_view name_of(Pretrain pretrain) {
  const auto* entry =
      std::ranges::find(names, pretrain, &std::pair<Pretrain, std::string_view>::first);
  require(entry != names.end(), "a pretraining without a name");
  return entry->second;
}

Pretrain pretrain_from(std::string_view name) {
  const auto* entry =
      std::ranges::find(names, name, &std::pair<Pretrain, std::string_view>::second);
  if (entry == names.end()) {
    throw Error(ErrorKind::usage, fmt::format("unknown pretraining '{}'; use one of: {}", name,
                                              fmt::join(pretrain_names(), ", ")));
  }
  return entry->first;
}

std::vector<std::string> pretrain_names() {
  std::vector<std::string> result;
  for (const auto& [pretrain, name] : names) result.emplace_back(name);
  return result;
}

void check_pretraining(const TrainConfig& config) {
  const PretrainSettings& pretrain = config.pretrain;
  if (pretrain.kind == Pretrain::none) return;
  const auto& encoder = config.model.encoder;
  const auto& decoder = config.model.decoder;
  const std::string what = fmt::format("--pretrain {}", name_of(pretrain.kind));
  check(!has_convolutions(encoder) && !has_convolutions(decoder),
        fmt::format("{} supports dense layers only, but --layers {} has convolutions", what,
                    to_string(encoder)));
  const auto same_units = [](const LayerSpec& a, const LayerSpec& b) { return a.units == b.units; };
  check(decoder.empty() || std::equal(encoder.rbegin(), encoder.rend(), decoder.begin(),
                                      decoder.end(), same_units),
        fmt::format(
            "{} needs a mirrored decoder, but --decoder-layers {} does not mirror --layers {}",
            what, to_string(decoder), to_string(encoder)));
  check(!config.model.layer_norm, what + " cannot be combined with --layer-norm");
  check(
      !config.model.sparsity.on(),
      what + " trains dense layers and cannot be combined with --sparsity: leave out one of them");
  check(!config.model.regularization.variational,
        what + " cannot be combined with --variational, whose last layer has two outputs per unit");
  const auto layers = static_cast<Index>(encoder.size()) - 1;
  check(!pretrain.epochs.empty(), "--pretrain-epochs is empty: give one number, or one per layer");
  check_list("pretrain-epochs", pretrain.epochs, layers, 0, 1e9);
  check_list("pretrain-learning-rate", pretrain.learning_rate, layers, 0, 1e9, true);
  check_list("pretrain-weight-decay", pretrain.weight_decay, layers, 0, 1e9);
  check(pretrain.batch >= 0 && pretrain.batch % config.micro_batch == 0,
        fmt::format("--pretrain-batch {} is not a multiple of --micro-batch {}", pretrain.batch,
                    config.micro_batch));
  if (pretrain.kind == Pretrain::denoising) {
    check(!is_structured(pretrain.corruption) && pretrain.corruption != Corruption::none,
          fmt::format("--pretrain-corruption {} cannot be applied to hidden layers: use gaussian, "
                      "masking or salt-pepper",
                      name_of(pretrain.corruption)));
    check(!pretrain.corruption_strength.empty(),
          "--pretrain-corruption-strength is empty: give one number, or one per layer");
    check_list("pretrain-corruption-strength", pretrain.corruption_strength, layers, 0,
               pretrain.corruption == Corruption::gaussian ? 1e6 : 1);
  }
  check(!takes_counts(config),
        what +
            " reconstructs the input of each layer and cannot be combined with --counts and "
            "--loss nb or zinb: leave out --pretrain");
  check(pretrain.kind != Pretrain::rbm || config.model.missing != Missing::mask,
        what +
            " draws whole samples and cannot be combined with --missing mask: use --missing "
            "mean, or --pretrain denoising");
  if (pretrain.kind == Pretrain::rbm) check_rbm(config);
  OptimizerSettings optimizer = config.optimizer;
  if (pretrain.optimizer != "auto") optimizer.name = pretrain.optimizer;
  if (optimizer.name == lbfgs_name) optimizer.name = "adam";
  if (pretrain.optimizer != "auto" || pretrain.kind != Pretrain::rbm)
    static_cast<void>(make_optimizer(optimizer));
}

}  // namespace hourglass
