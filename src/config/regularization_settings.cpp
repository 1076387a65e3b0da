#include "config/setting_rows.hpp"
#include "core/text_list.hpp"

namespace hourglass {

namespace {

NoiseSpec parse_noise(const std::string& name, const std::string& text) {
  try {
    return noise_from(text);
  } catch (const Error& error) {
    throw Error(ErrorKind::usage, fmt::format("--{}: {}", name, error.what()));
  }
}

template <class Access>
Setting noise_setting(const Row& row, Access access) {
  return formatted_setting(
      row, access, [](const NoiseSpec& noise) { return to_string(noise); }, parse_noise);
}

// "0.1", "1=0.1,3=0.2" (hidden layers 1 and 3), "0.1,2=0" (all but one).
template <class Access, class Format, class Parse>
Setting per_layer_setting(Row row, Access access, Format format, Parse parse) {
  return {row.name,
          row.section,
          row.help,
          false,
          row.scope,
          [access, format](const TrainConfig& c) {
            const auto& setting = access(const_cast<TrainConfig&>(c));
            const std::string all = format(setting.all);
            std::string text = setting.some.empty() || all != format({}) ? all : "";
            for (const auto& [layer, value] : setting.some) {
              text += fmt::format("{}{}={}", text.empty() ? "" : ",", layer, format(value));
            }
            return text;
          },
          [access, parse, name = row.name](TrainConfig& c, const std::string& text) {
            std::remove_reference_t<decltype(access(c))> setting;
            bool general = false;
            const std::vector<std::string> items = split_list(text);
            if (items.empty()) setting.all = parse(name, text);
            for (const std::string& item : items) {
              const std::size_t equals = item.find('=');
              if (equals == std::string::npos) {
                if (general)
                  bad_value(name, text,
                            "one value for all hidden layers, or LAYER=VALUE,LAYER=VALUE");
                general = true;
                setting.all = parse(name, item);
                continue;
              }
              const auto layer = parse_number<Index>(
                  name, item.substr(0, equals), "LAYER=VALUE with the number of a hidden layer");
              const auto known = [&](const auto& entry) { return entry.first == layer; };
              if (std::ranges::any_of(setting.some, known))
                bad_value(name, text, "each hidden layer once");
              setting.some.emplace_back(layer, parse(name, item.substr(equals + 1)));
            }
            access(c) = std::move(setting);
          }};
}

template <class Access>
Setting warmup_setting(const Row& row, Access access) {
  return formatted_setting(row, access, format_warmup, parse_warmup);
}

Regularization& of(TrainConfig& c) { return c.model.regularization; }

}  // namespace

std::vector<Setting> regularization_settings() {
  const std::string s = "regularization";
  return {
      word_setting(
          {"corruption", s,
           fmt::format("Corruption of the input (denoising autoencoder): {}",
                       fmt::join(corruption_names(), ", "))},
          [](TrainConfig& c) -> Corruption& { return of(c).corruption.kind; }, corruption_from),
      number_setting({"corruption-strength", s,
                      "gaussian: standard deviation; masking, salt-pepper, stripes: probability; "
                      "block: fraction of the image's area"},
                     [](TrainConfig& c) -> double& { return of(c).corruption.strength; }),
      number_setting(
          {"corrupted-weight", s, "Weight of the loss on corrupted components (emphasis)"},
          [](TrainConfig& c) -> double& { return of(c).corrupted_weight; }),
      number_setting(
          {"clean-weight", s,
           "Weight of the loss on uncorrupted components; 0: only corrupted components count"},
          [](TrainConfig& c) -> double& { return of(c).clean_weight; }),
      per_layer_setting(
          {"hidden-noise", s,
           "Noise on hidden activations: none, gaussian:DEVIATION or dropout:PROBABILITY; per "
           "layer: 1=dropout:0.2,2=gaussian:0.1 (numbered from 1 through encoder and decoder, "
           "without the code)"},
          [](TrainConfig& c) -> PerLayer<NoiseSpec>& { return of(c).hidden_noise; },
          [](const NoiseSpec& noise) { return to_string(noise); }, parse_noise),
      noise_setting({"code-noise", s, "Noise on the code, in the form of --hidden-noise"},
                    [](TrainConfig& c) -> NoiseSpec& { return of(c).code_noise; }),
      flag_setting({"code-noise-before", s,
                    "Apply --code-noise before the code's activation function (semantic hashing, "
                    "with a sigmoid code)"},
                   [](TrainConfig& c) -> bool& { return of(c).code_noise_before; }),
      number_setting({"l1", s, "Weight of the L1 norm of the code (sparse autoencoder)"},
                     [](TrainConfig& c) -> double& { return of(c).l1; }),
      per_layer_setting(
          {"hidden-l1", s,
           "Weight of the L1 norm of hidden activations, for all layers or per layer: "
           "1=1e-4,3=1e-3"},
          [](TrainConfig& c) -> PerLayer<double>& { return of(c).hidden_l1; },
          [](double weight) { return fmt::format("{}", weight); },
          [](const std::string& name, const std::string& text) {
            return parse_number<double>(name, text, "a number");
          }),
      warmup_setting({"l1-warmup", s,
                      "Linear warm-up of --l1 and --hidden-l1 from 0, e.g. 5epochs or 2000steps"},
                     [](TrainConfig& c) -> Interval& { return c.penalties.l1_warmup; }),
      number_setting({"kl-weight", s,
                      "Weight of the KL divergence of each code unit's batch mean from --kl-target "
                      "(sparse autoencoder)"},
                     [](TrainConfig& c) -> double& { return of(c).kl_weight; }),
      number_setting({"kl-target", s, "Target mean activation for --kl-weight"},
                     [](TrainConfig& c) -> double& { return of(c).kl_target; }),
      integer_setting({"k-sparse", s, "Keep only the K largest code units per sample; 0: all"},
                      [](TrainConfig& c) -> Index& { return of(c).k_sparse; }),
      number_setting({"k-sparse-alpha", s, "Factor on K outside of training"},
                     [](TrainConfig& c) -> double& { return of(c).k_sparse_alpha; }),
      number_setting({"contractive", s,
                      "Weight of the squared Frobenius norm of the code's Jacobian dh/dx "
                      "(contractive autoencoder)"},
                     [](TrainConfig& c) -> double& { return of(c).contractive; }),
      word_setting(
          {"contractive-method", s,
           fmt::format("Computation of that norm: {}",
                       fmt::join(contractive_method_names(), ", "))},
          [](TrainConfig& c) -> ContractiveMethod& { return of(c).contractive_method; },
          contractive_method_from),
      integer_setting({"contractive-probes", s, "hutchinson: random vectors per sample"},
                      [](TrainConfig& c) -> Index& { return of(c).contractive_probes; }),
      number_setting(
          {"hessian-weight", s, "Weight of |J(x + e) - J(x)|^2, e.g. with --contractive (CAE+H)"},
          [](TrainConfig& c) -> double& { return of(c).hessian_weight; }),
      number_setting(
          {"hessian-sigma", s, "Standard deviation of the perturbation e in --hessian-weight"},
          [](TrainConfig& c) -> double& { return of(c).hessian_sigma; }),
      integer_setting({"hessian-samples", s, "Perturbations e per sample in --hessian-weight"},
                      [](TrainConfig& c) -> Index& { return of(c).hessian_samples; }),
      flag_setting({"variational", s,
                    "Variational autoencoder: the encoder outputs mean and variance of the code's "
                    "normal distribution"},
                   [](TrainConfig& c) -> bool& { return of(c).variational; }),
      number_setting({"beta", s, "variational: weight of the KL divergence from the prior"},
                     [](TrainConfig& c) -> double& { return of(c).beta; }),
      warmup_setting(
          {"beta-warmup", s,
           "variational: linear warm-up of --beta from 0, e.g. 10epochs or 2000steps; with "
           "--variational and without --beta by default half of the epochs, at most 10"},
          [](TrainConfig& c) -> Interval& { return c.penalties.beta_warmup; }),
      integer_setting(
          {"beta-cycles", s,
           "variational: number of warm-ups of --beta, each held as long as it lasts before the "
           "next begins (cyclical annealing)"},
          [](TrainConfig& c) -> Index& { return c.penalties.beta_cycles; }),
      number_setting(
          {"free-bits", s,
           "variational: KL divergence per unit, in nats, that is not penalized (free bits)"},
          [](TrainConfig& c) -> double& { return of(c).free_bits; }),
      flag_setting({"predictive", s,
                    "Predictive sparse decomposition: codes z minimize |x - D z|^2 + --l1 |z| + "
                    "--predictive-weight |z - F(x)|^2"},
                   [](TrainConfig& c) -> bool& { return of(c).predictive; }),
      number_setting(
          {"predictive-weight", s, "predictive: weight of the encoder's squared distance from z"},
          [](TrainConfig& c) -> double& { return of(c).predictive_weight; }),
      integer_setting({"predictive-iterations", s, "predictive: FISTA iterations per code"},
                      [](TrainConfig& c) -> Index& { return of(c).predictive_iterations; }),
  };
}

}  // namespace hourglass
