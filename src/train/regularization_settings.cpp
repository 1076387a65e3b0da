#include "setting_rows.hpp"

namespace hourglass {

namespace {

template <class Access>
Setting noise_setting(Row row, Access access) {
  return {row.name,
          row.section,
          row.help,
          false,
          row.scope,
          [access](const TrainConfig& c) { return to_string(access(const_cast<TrainConfig&>(c))); },
          [access, name = row.name](TrainConfig& c, const std::string& text) {
            try {
              access(c) = noise_from(text);
            } catch (const Error& error) {
              throw Error(ErrorKind::usage, fmt::format("--{}: {}", name, error.what()));
            }
          }};
}

Regularization& of(TrainConfig& c) { return c.model.regularization; }

}  // namespace

std::vector<Setting> regularization_settings() {
  const std::string s = "regularization";
  return {
      word_setting(
          {"corruption", s, fmt::format("Noise on the input (denoising): {}", fmt::join(corruption_names(), ", "))},
          [](TrainConfig& c) -> Corruption& { return of(c).corruption.kind; }, corruption_from),
      number_setting(
          {"corruption-strength", s,
           "gaussian: standard deviation; masking, salt-pepper, stripes: probability; block: share of the image's area"},
          [](TrainConfig& c) -> double& { return of(c).corruption.strength; }),
      number_setting({"corrupted-weight", s, "Weight of the loss on components picked for corruption (emphasis)"},
                     [](TrainConfig& c) -> double& { return of(c).corrupted_weight; }),
      number_setting({"clean-weight", s, "Weight of the loss on the other components; 0 learns from the corrupted ones alone"},
                     [](TrainConfig& c) -> double& { return of(c).clean_weight; }),
      noise_setting({"hidden-noise", s, "Noise on hidden activations: none, gaussian:DEVIATION, dropout:PROBABILITY"},
                    [](TrainConfig& c) -> NoiseSpec& { return of(c).hidden_noise; }),
      noise_setting({"code-noise", s, "Noise on the code, as for --hidden-noise"},
                    [](TrainConfig& c) -> NoiseSpec& { return of(c).code_noise; }),
      flag_setting(
          {"code-noise-before", s, "Puts --code-noise before the code's non-linearity (semantic hashing: a sigmoid code)"},
          [](TrainConfig& c) -> bool& { return of(c).code_noise_before; }),
      number_setting({"l1", s, "Weight of the sum of |h| over the code (sparse)"},
                     [](TrainConfig& c) -> double& { return of(c).l1; }),
      number_setting({"hidden-l1", s, "The same on every hidden layer"},
                     [](TrainConfig& c) -> double& { return of(c).hidden_l1; }),
      number_setting(
          {"kl-weight", s, "Weight of the divergence of each code unit's mean over the batch from --kl-target (sparse)"},
          [](TrainConfig& c) -> double& { return of(c).kl_weight; }),
      number_setting({"kl-target", s, "Mean activation that --kl-weight asks for"},
                     [](TrainConfig& c) -> double& { return of(c).kl_target; }),
      integer_setting({"k-sparse", s, "Keep only the K largest units of the code; 0 keeps all"},
                      [](TrainConfig& c) -> Index& { return of(c).k_sparse; }),
      number_setting({"k-sparse-alpha", s, "Outside of training alpha times K units are kept"},
                     [](TrainConfig& c) -> double& { return of(c).k_sparse_alpha; }),
      number_setting({"contractive", s, "Weight of the squared norm of dh/dx, the code's Jacobian (contractive)"},
                     [](TrainConfig& c) -> double& { return of(c).contractive; }),
      word_setting(
          {"contractive-method", s, fmt::format("How that norm is had: {}", fmt::join(contractive_method_names(), ", "))},
          [](TrainConfig& c) -> ContractiveMethod& { return of(c).contractive_method; }, contractive_method_from),
      integer_setting({"contractive-probes", s, "hutchinson: random vectors a sample"},
                      [](TrainConfig& c) -> Index& { return of(c).contractive_probes; }),
      number_setting({"hessian-weight", s, "Weight of |J(x + e) - J(x)|^2, e.g. with --contractive (CAE+H)"},
                     [](TrainConfig& c) -> double& { return of(c).hessian_weight; }),
      number_setting({"hessian-sigma", s, "Standard deviation of e"},
                     [](TrainConfig& c) -> double& { return of(c).hessian_sigma; }),
      integer_setting({"hessian-samples", s, "Number of e a sample"},
                      [](TrainConfig& c) -> Index& { return of(c).hessian_samples; }),
      flag_setting(
          {"variational", s, "Variational autoencoder: the code is drawn from a normal distribution that the encoder gives"},
          [](TrainConfig& c) -> bool& { return of(c).variational; }),
      number_setting({"beta", s, "Variational: weight of the divergence from the prior"},
                     [](TrainConfig& c) -> double& { return of(c).beta; }),
      number_setting({"free-bits", s, "Variational: nats a unit that cost nothing"},
                     [](TrainConfig& c) -> double& { return of(c).free_bits; }),
  };
}

}  // namespace hourglass
