#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/original_units.hpp"
#include "export/onnx_graph.hpp"
#include "nn/activation.hpp"
#include "nn/layer_spec.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// The function of a model that is exported.
enum class ModelPart {
  encoder,      ///< samples to codes
  decoder,      ///< codes to reconstructions
  autoencoder,  ///< samples to reconstructions
};
/// "encoder", "decoder", "autoencoder". Throws Error(usage) that lists them.
[[nodiscard]] ModelPart model_part_from(std::string_view name);

/// One layer or module of a model outside of training, with its parameters. Noise is left out, a
/// variational code is its mean, and tied weights are written out. Of models of counts the decoder
/// ends with the logits of the means: dispersions and dropouts are left out.
struct ExportStep {
  enum class Kind {
    linear,       ///< y = x W^T + b
    convolution,  ///< of images H x W x C, flattened
    transposed_convolution,
    activation,      ///< y = s(x)
    layer_norm,      ///< over the row, with gain (weight) and shift (bias)
    top_k,           ///< all but the k largest become 0
    latent_library,  ///< keeps the first units, the code; the last one gives the size factor
  };
  Kind kind = Kind::linear;
  std::string name;  ///< of its tensors: "encoder/0", "encoder/0/norm"
  Index inputs = 0;
  Index outputs = 0;
  std::vector<float> weight;  ///< outputs x inputs; of convolutions as nn/convolution.hpp says
  std::vector<float> bias;
  Activation activation = Activation::linear;
  Index k = 0;
  ImageShape input_image;  ///< convolutions
  ImageShape output_image;
  Window window;
};
/// The steps of a part, in order. Throws Error(usage) naming a layer of another kind.
[[nodiscard]] std::vector<ExportStep> export_steps(const Model& model, ModelPart part);

/// Whether the model knows missing elements, and what its network is fed for them: the means of the
/// features, as normalised (empty: 0).
[[nodiscard]] bool treats_missing(const Model& model);
[[nodiscard]] const std::vector<float>& fed_means(const Model& model);

/// The bytes of an ONNX file (opset 13) with one input, "input" (N x features), and one output,
/// "output". Unless `normalized_input`, the encoder and the autoencoder take values as the data
/// set stores them, and the graph begins with the model's normalisation. With Units::data the
/// graph of the decoder or autoencoder ends with its inverse. Missing elements become means where
/// the graph normalises; the outputs of a mixed loss are numbers and probabilities. Models of
/// counts take raw counts and give means: with the size factor of the sample, of the decoder alone
/// those of a sample with size factor 1. With `external`, the numbers of large tensors go there:
/// needed where needs_external_data(). Throws Error(usage) as export_steps.
[[nodiscard]] std::string to_onnx(const Model& model, ModelPart part, bool normalized_input,
                                  Units output = Units::network,
                                  const OnnxExternalData* external = nullptr);

/// Whether the parameters of a part exceed what one ONNX file holds, 2 GiB.
[[nodiscard]] bool needs_external_data(const Model& model, ModelPart part);

/// The bytes of a safetensors file of all parameters: "encoder/0/weight" becomes
/// "encoder.0.weight"; the metadata hold the configuration and the weights digest, and the name of
/// the bias that is also subtracted from the input, "pre_bias", if there is one. For readers that
/// rebuild the model there are JSON objects: "normalization", and "layers", the steps of encoder
/// and decoder with the names of their tensors (docs/formats.md), of models that export_steps()
/// takes.
[[nodiscard]] std::string to_safetensors(const Model& model);

/// The same with the names that a torch.nn.ModuleDict of two torch.nn.Sequential, "encoder" and
/// "decoder", gives its state_dict: "encoder.0.weight", "encoder.2.weight" where module 1 is an
/// activation. The metadata "modules" is a JSON object of the modules to make, e.g. {"encoder":
/// ["Linear(784, 100)", "ReLU()", ...], ...}. Inputs and outputs of convolutions are C x H x W
/// there, flattened at the ends of a Sequential; the metadata "images" hold the shapes of those of
/// "input", "code" and "output" that are such images. Throws Error(usage) for a layer that torch.nn
/// has no module for.
[[nodiscard]] std::string to_torch(const Model& model);

}  // namespace hourglass
