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
Setting noise_setting(Row row, Access access) {
  return {row.name,
          row.section,
          row.help,
          false,
          row.scope,
          [access](const TrainConfig& c) { return to_string(access(const_cast<TrainConfig&>(c))); },
          [access, name = row.name](TrainConfig& c, const std::string& text) {
            access(c) = parse_noise(name, text);
          }};
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

Regularization& of(TrainConfig& c) { return c.model.regularization; }

}  // namespace

std::vector<Setting> regularization_settings() {
  const std::string s = "regularization";
  return {
      word_setting(
          {"corruption", s,
           fmt::format("Noise on the input (denoising): {}", fmt::join(corruption_names(), ", "))},
          [](TrainConfig& c) -> Corruption& { return of(c).corruption.kind; }, corruption_from),
      number_setting({"corruption-strength", s,
                      "gaussian: standard deviation; masking, salt-pepper, stripes: probability; "
                      "block: share of the image's area"},
                     [](TrainConfig& c) -> double& { return of(c).corruption.strength; }),
      number_setting({"corrupted-weight", s,
                      "Weight of the loss on components picked for corruption (emphasis)"},
                     [](TrainConfig& c) -> double& { return of(c).corrupted_weight; }),
      number_setting(
          {"clean-weight", s,
           "Weight of the loss on the other components; 0 learns from the corrupted ones alone"},
          [](TrainConfig& c) -> double& { return of(c).clean_weight; }),
      per_layer_setting(
          {"hidden-noise", s,
           "Noise on hidden activations: none, gaussian:DEVIATION, dropout:PROBABILITY; or by "
           "layer, "
           "1=dropout:0.2,2=gaussian:0.1 (counted "
           "from 1, first the encoder's, then the decoder's, without the code)"},
          [](TrainConfig& c) -> PerLayer<NoiseSpec>& { return of(c).hidden_noise; },
          [](const NoiseSpec& noise) { return to_string(noise); }, parse_noise),
      noise_setting({"code-noise", s, "Noise on the code, as for --hidden-noise"},
                    [](TrainConfig& c) -> NoiseSpec& { return of(c).code_noise; }),
      flag_setting(
          {"code-noise-before", s,
           "Puts --code-noise before the code's non-linearity (semantic hashing: a sigmoid code)"},
          [](TrainConfig& c) -> bool& { return of(c).code_noise_before; }),
      number_setting({"l1", s, "Weight of the sum of |h| over the code (sparse)"},
                     [](TrainConfig& c) -> double& { return of(c).l1; }),
      per_layer_setting(
          {"hidden-l1", s, "The same on every hidden layer, or by layer, 1=1e-4,3=1e-3"},
          [](TrainConfig& c) -> PerLayer<double>& { return of(c).hidden_l1; },
          [](double weight) { return fmt::format("{}", weight); },
          [](const std::string& name, const std::string& text) {
            return parse_number<double>(name, text, "a number");
          }),
      number_setting({"kl-weight", s,
                      "Weight of the divergence of each code unit's mean over the batch from "
                      "--kl-target (sparse)"},
                     [](TrainConfig& c) -> double& { return of(c).kl_weight; }),
      number_setting({"kl-target", s, "Mean activation that --kl-weight asks for"},
                     [](TrainConfig& c) -> double& { return of(c).kl_target; }),
      integer_setting({"k-sparse", s, "Keep only the K largest units of the code; 0 keeps all"},
                      [](TrainConfig& c) -> Index& { return of(c).k_sparse; }),
      number_setting({"k-sparse-alpha", s, "Outside of training alpha times K units are kept"},
                     [](TrainConfig& c) -> double& { return of(c).k_sparse_alpha; }),
      number_setting({"contractive", s,
                      "Weight of the squared norm of dh/dx, the code's Jacobian (contractive)"},
                     [](TrainConfig& c) -> double& { return of(c).contractive; }),
      word_setting(
          {"contractive-method", s,
           fmt::format("How that norm is had: {}", fmt::join(contractive_method_names(), ", "))},
          [](TrainConfig& c) -> ContractiveMethod& { return of(c).contractive_method; },
          contractive_method_from),
      integer_setting({"contractive-probes", s, "hutchinson: random vectors a sample"},
                      [](TrainConfig& c) -> Index& { return of(c).contractive_probes; }),
      number_setting(
          {"hessian-weight", s, "Weight of |J(x + e) - J(x)|^2, e.g. with --contractive (CAE+H)"},
          [](TrainConfig& c) -> double& { return of(c).hessian_weight; }),
      number_setting({"hessian-sigma", s, "Standard deviation of e"},
                     [](TrainConfig& c) -> double& { return of(c).hessian_sigma; }),
      integer_setting({"hessian-samples", s, "Number of e a sample"},
                      [](TrainConfig& c) -> Index& { return of(c).hessian_samples; }),
      flag_setting({"variational", s,
                    "Variational autoencoder: the code is drawn from a normal distribution that "
                    "the encoder gives"},
                   [](TrainConfig& c) -> bool& { return of(c).variational; }),
      number_setting({"beta", s, "Variational: weight of the divergence from the prior"},
                     [](TrainConfig& c) -> double& { return of(c).beta; }),
      number_setting({"free-bits", s, "Variational: nats a unit that cost nothing"},
                     [](TrainConfig& c) -> double& { return of(c).free_bits; }),
      flag_setting({"predictive", s,
                    "Predictive sparse decomposition: codes z minimise |x - D z|^2 + --l1 |z| + "
                    "--predictive-weight |z - F(x)|^2"},
                   [](TrainConfig& c) -> bool& { return of(c).predictive; }),
      number_setting(
          {"predictive-weight", s, "Predictive: weight of the encoder's squared distance from z"},
          [](TrainConfig& c) -> double& { return of(c).predictive_weight; }),
      integer_setting({"predictive-iterations", s, "Predictive: steps of FISTA that find z"},
                      [](TrainConfig& c) -> Index& { return of(c).predictive_iterations; }),
  };
}

}  // namespace hourglass
