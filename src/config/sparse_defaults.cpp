#include "config/sparse_defaults.hpp"

#include "config/config.hpp"

namespace hourglass {

namespace {

bool compares_numbers(const TrainConfig& config) {
  const AutoencoderSpec& model = config.model;
  const bool numbers = model.loss == Loss::mse || model.loss == Loss::mae ||
                       model.loss == Loss::huber || model.loss == Loss::log_cosh;
  return numbers && model.output_activation == Activation::linear && !takes_counts(config);
}

bool is_shallow(const AutoencoderSpec& model) {
  return model.encoder.size() == 2 && (model.decoder.empty() || model.decoder.size() == 2);
}

}  // namespace

void settle_sparse_defaults(const std::string& given, TrainConfig& config) {
  GivenSettings& known = config.given;
  if (given == "normalize") known.normalize = true;
  if (given == "output-activation") known.output_activation = true;
  if (given == "pre-bias") known.pre_bias = true;
  if (given == "unit-norm-decoder") known.unit_norm = true;
  if (given == "tied-initialization") known.tied_start = true;
  AutoencoderSpec& model = config.model;
  const bool sparse = model.sparsity.on();
  // Where there is none the defaults need to be set again only when it has just been taken back.
  if (!sparse && given != "sparsity") return;
  const TrainConfig plain;
  if (!known.output_activation)
    model.output_activation = sparse ? Activation::linear : plain.model.output_activation;
  const bool numbers = sparse && compares_numbers(config) && config.target.empty();
  const bool whole = config.pretrain.kind == Pretrain::none;
  if (!known.normalize) config.normalize = numbers ? Normalize::unit_mean_square : plain.normalize;
  if (!known.pre_bias) {
    const bool possible = numbers && whole && model.missing != Missing::mask &&
                          !has_convolutions(model.encoder) && !has_convolutions(model.decoder);
    model.dictionary.pre_bias = possible ? PreBias::mean : PreBias::none;
  }
  if (!known.unit_norm) model.dictionary.unit_norm = sparse && whole && !is_full_batch(config);
  if (!known.tied_start)
    model.dictionary.tied_start = sparse && whole && is_shallow(model) && config.target.empty();
}

}  // namespace hourglass
