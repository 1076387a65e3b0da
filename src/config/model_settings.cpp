#include "config/setting_rows.hpp"

namespace hourglass {

namespace {

template <class Access>
Setting layers_setting(Row row, Access access) {
  return {row.name,
          row.section,
          row.help,
          false,
          row.scope,
          [access](const TrainConfig& c) { return to_string(access(const_cast<TrainConfig&>(c))); },
          [access, name = row.name](TrainConfig& c, const std::string& text) {
            try {
              access(c) = layer_list_from(text);
            } catch (const Error& error) {
              throw Error(ErrorKind::usage, fmt::format("--{}: {}", name, error.what()));
            }
          }};
}

}  // namespace

std::vector<Setting> model_settings() {
  const std::string s = "model";
  return {
      layers_setting({"layers", s,
                      "Encoder layers from the input to the code: widths, e.g. "
                      "784,1000,500,250,30, or an image shape and convolutions (channels x kernel, "
                      "stride), e.g. 28x28,conv:16x3s2,conv:32x3s2,30"},
                     [](TrainConfig& c) -> LayerList& { return c.model.encoder; }),
      layers_setting({"decoder-layers", s,
                      "Decoder layers from the code to the output, e.g. "
                      "30,7x7x32,tconv:16x3s2,tconv:1x3s2; empty: the mirrored encoder"},
                     [](TrainConfig& c) -> LayerList& { return c.model.decoder; }),
      word_setting(
          {"activation", s,
           fmt::format("Activation function of the hidden layers: {}",
                       fmt::join(activation_names(), ", "))},
          [](TrainConfig& c) -> Activation& { return c.model.activation; }, activation_from),
      word_setting(
          {"code-activation", s, "Activation function of the code layer"},
          [](TrainConfig& c) -> Activation& { return c.model.code_activation; }, activation_from),
      word_setting(
          {"output-activation", s, "Activation function of the output layer"},
          [](TrainConfig& c) -> Activation& { return c.model.output_activation; }, activation_from),
      word_setting(
          {"loss", s, fmt::format("Loss function: {}", fmt::join(loss_names(), ", "))},
          [](TrainConfig& c) -> Loss& { return c.model.loss; }, loss_from),
      {"loss-reduction", s,
       "Reduction of the loss over the features of a sample: mean (as in PyTorch) or sum, the "
       "default with --variational",
       false, Scope::trajectory,
       [](const TrainConfig& c) { return std::string(c.model.feature_mean ? "mean" : "sum"); },
       [](TrainConfig& c, const std::string& text) {
         if (text != "mean" && text != "sum") bad_value("loss-reduction", text, "mean or sum");
         c.model.feature_mean = text == "mean";
       }},
      word_setting(
          {"initialization", s,
           fmt::format("Initialization of the weights: {}",
                       fmt::join(initialization_names(), ", "))},
          [](TrainConfig& c) -> Initialization& { return c.initialization; }, initialization_from),
      text_setting({"feature-weights", s,
                    "Weights of the features in the loss: FILE.h5:/dataset with one number per "
                    "feature, or inverse-variance; empty: all 1"},
                   [](TrainConfig& c) -> std::string& { return c.feature_weights; }),
      text_setting({"group-weights", s,
                    "mixed: weights of columns in the loss, e.g. colour=2,age=0.5; the others have "
                    "1"},
                   [](TrainConfig& c) -> std::string& { return c.group_weights; }),
      number_setting({"huber-delta", s, "huber: error above which the loss is linear"},
                     [](TrainConfig& c) -> double& { return c.model.huber_delta; }),
      word_setting(
          {"dispersion", s,
           "nb, zinb: dispersion of each gene (gene), or of each gene in each cell, a further "
           "output "
           "of the network (gene-cell)"},
          [](TrainConfig& c) -> Dispersion& { return c.model.dispersion; }, dispersion_from),
      flag_setting({"tied", s, "Tie the decoder's weights to the encoder's, transposed"},
                   [](TrainConfig& c) -> bool& { return c.model.tied; }),
      flag_setting(
          {"layer-norm", s, "Layer normalization before the activation function of hidden layers"},
          [](TrainConfig& c) -> bool& { return c.model.layer_norm; }),
      {"image-shape", s,
       "Height x width [x channels] of a sample, e.g. 28x28; empty: as in the data set", false,
       Scope::trajectory, [](const TrainConfig& c) { return to_string(c.model.image); },
       [](TrainConfig& c, const std::string& text) {
         try {
           c.model.image = image_shape_from(text);
         } catch (const Error& error) {
           throw Error(ErrorKind::usage, fmt::format("--image-shape: {}", error.what()));
         }
       }},
  };
}

}  // namespace hourglass
