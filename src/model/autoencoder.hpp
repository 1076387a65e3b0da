#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/condition.hpp"
#include "core/layout.hpp"
#include "core/missing.hpp"
#include "model/contractive.hpp"
#include "model/dictionary.hpp"
#include "model/element_weights.hpp"
#include "model/missing_input.hpp"
#include "model/predictive.hpp"
#include "model/regularization.hpp"
#include "model/sample_input.hpp"
#include "model/sparsity.hpp"
#include "model/trainable.hpp"
#include "nn/image_shape.hpp"
#include "nn/latent_library.hpp"
#include "nn/layer_spec.hpp"
#include "nn/loss.hpp"
#include "nn/network.hpp"
#include "nn/row_weights.hpp"
#include "nn/sparse_decoder.hpp"
#include "nn/sparse_encoder.hpp"

namespace hourglass {

/// The specification of an autoencoder: all that decides its parameters and its function.
struct AutoencoderSpec {
  LayerList encoder;  ///< from the input to the code, e.g. 784, 1000, 500, 250, 30
  LayerList decoder;  ///< from the code to the output; empty mirrors the encoder
  /// The features of a target that is not the input: then samples have a target behind their
  /// input, which the loss compares with the output. 0: the input is the target.
  Index target_features = 0;
  Activation activation = Activation::relu;
  Activation code_activation = Activation::linear;
  Activation output_activation = Activation::sigmoid;
  Loss loss = Loss::mse;
  bool feature_mean = true;  ///< loss averaged over features (true) or summed (false)
  double huber_delta = 1;    ///< the error where huber turns from squared to absolute
  bool tied = false;         ///< the decoder's weights are the encoder's, transposed
  bool layer_norm = false;   ///< layer normalisation before the non-linearity of every hidden layer
  ImageShape image;          ///< of a sample, for convolutions, ssim and structured corruption
  std::vector<float> feature_weights;  ///< of each feature in the loss; empty: 1
  /// With `mask`, NaNs in samples are missing elements: left out of the loss (LossOptions::present)
  /// and fed as missing_means. Otherwise samples are finite.
  Missing missing = Missing::refuse;
  bool missing_indicator = false;    ///< the mask is fed to the network too (MissingInput)
  std::vector<float> missing_means;  ///< mask: of each feature, as normalised; empty: all 0
  std::vector<OutputGroup> groups;   ///< mixed loss: of the data's columns
  /// What encoder and decoder are told of a sample besides its features (ConditionBias behind the
  /// first dense layer of each).
  std::vector<Condition> conditions;
  Counts counts = Counts::none;  ///< samples are counts, the network is fed a function of them
  double library = 0;            ///< counts: sum of a typical sample; 0 until the data are known: 1
  LibrarySize library_size = LibrarySize::observed;  ///< counts: what size factors come from
  LibraryPrior library_prior;                        ///< latent: of the training samples
  Dispersion dispersion = Dispersion::gene;          ///< nb, zinb
  SparseInput sparse_input = SparseInput::automatic;
  Regularization regularization;
  Sparsity sparsity;
  DictionarySpec dictionary;
};

/// The columns of the output: those of the target, where there is one.
[[nodiscard]] inline Index output_features(const AutoencoderSpec& spec) {
  return spec.target_features > 0 ? spec.target_features : spec.encoder.front().units;
}

class DictionaryPass;

/// Whether most units of a sample's code are 0, so that their use is worth counting.
[[nodiscard]] inline bool has_sparse_code(const AutoencoderSpec& spec) {
  const Regularization& r = spec.regularization;
  return spec.sparsity.on() || r.k_sparse > 0 ||
         (r.l1 > 0 && spec.code_activation == Activation::relu && !r.predictive);
}

/// The layers of a spec, and those with a special role.
struct Architecture {
  Network network;
  Index code_layer = 0;                      ///< its output is the code
  Index posterior_layer = -1;                ///< variational: its output is (mu, ln sigma^2)
  bool latent_library = false;               ///< the code layer is a LatentLibrary
  std::vector<Index> hidden_layers;          ///< their outputs are hidden activations, before noise
  std::vector<const Dense*> encoder_layers;  ///< of a plain dense encoder; empty otherwise
  const SparseEncoder* sparse_encoder = nullptr;  ///< of sparse codes: the layer of the code
  const SparseDecoder* sparse_decoder = nullptr;  ///< and the one after it
  const Dense* output_layer = nullptr;            ///< the last one, if it is a Dense
  Slot pre_bias = -1;                             ///< the tensor, if there is one
  Slot dictionary = -1;         ///< the weight of the decoder's first layer, if it is dense
  bool atoms_are_rows = false;  ///< of the dictionary; otherwise they are its columns
  Slot code_weights = -1;       ///< units x inputs: that of the encoder's last one, if it is dense
};

/// x^ = r(f(x)): a network whose first layers are the encoder f and the others the decoder r, the
/// arena layout of its parameters ("encoder/0/weight", "encoder/0/bias", ..., "decoder/0/weight",
/// ...) and its loss.
class Autoencoder final : public Trainable {
 public:
  /// Throws Error(usage) naming the settings that do not fit together.
  explicit Autoencoder(const AutoencoderSpec& spec);

  [[nodiscard]] const AutoencoderSpec& spec() const { return spec_; }
  [[nodiscard]] const Layout& layout() const override { return layout_; }
  [[nodiscard]] const Network& network() const { return architecture_.network; }
  [[nodiscard]] const Architecture& architecture() const { return architecture_; }
  [[nodiscard]] Index features() const override { return features_; }
  [[nodiscard]] Index sample_width() const override { return features_ + spec_.target_features; }
  [[nodiscard]] Index outputs() const override { return output_features(spec_); }
  [[nodiscard]] Index input_width() const override;
  /// Whether a NaN in a sample is a missing element.
  [[nodiscard]] bool masks_missing() const { return missing_.has_value(); }
  /// Null unless it is.
  [[nodiscard]] const MissingInput* missing_input() const {
    return missing_ ? &*missing_ : nullptr;
  }
  [[nodiscard]] Index code_size() const { return code_size_; }
  [[nodiscard]] bool awaits_parameters() const override {
    return !predictive_ && mean_units() == 0 && !spec_.sparsity.on() && !spec_.dictionary.unit_norm;
  }
  [[nodiscard]] Index posterior_layer() const override { return architecture_.posterior_layer; }
  [[nodiscard]] Index posterior_units() const override {
    return posterior_layer() < 0 ? 0 : code_size_;
  }
  [[nodiscard]] std::vector<TensorRole> roles() const override { return network().roles(); }
  [[nodiscard]] Workspace make_workspace(Index max_rows) const override;
  /// FLOP of the GEMMs in one sample's forward and backward pass: twice the multiply-adds.
  [[nodiscard]] double flops_per_sample() const { return network().training_flops_per_row(); }

  LossSums train_pass(const float* parameters, ConstMatrix samples, float scale,
                      Workspace& workspace, float* gradient, const PassContext& context,
                      const GradientReady& ready) const override;
  /// The same from an `input` (rows x input_width()) that may be a copy of `target` with the
  /// caller's noise; `mask` (or empty) is 1 where it has noise. `present` (or empty) is 0 where
  /// `target`, finite everywhere, is not to be compared.
  LossSums train_pass(const float* parameters, ConstMatrix input, ConstMatrix target, float scale,
                      Workspace& workspace, float* gradient, const PassContext& context,
                      const GradientReady& ready, ConstMatrix mask = {},
                      ConstMatrix present = {}) const;

  [[nodiscard]] Index counted_units() const override {
    return has_sparse_code(spec_) ? code_size_ : 0;
  }
  void count_use(const PassContext& context, Workspace& workspace, Index rows,
                 UnitUse& use) const override;

  /// Predictive sparse decomposition and DictionarySpec::unit_norm: scales the dictionary's columns
  /// to norm 1.
  void constrain(float* parameters, std::span<const Range> frozen) const override;

  /// The units of the code when a penalty needs their means, else 0.
  [[nodiscard]] Index mean_units() const override {
    return spec_.regularization.kl_weight > 0 ? code_size() : 0;
  }
  void add_unit_sums(const float* parameters, ConstMatrix samples, Workspace& workspace,
                     const PassContext& context, std::span<ExactSum> sums) const override;

  [[nodiscard]] ActiveRows active_rows() const override;
  [[nodiscard]] RoundedPart rounded_part() const override;
  /// Passes with workspaces that are made from now on share the units of the code with other ranks;
  /// arenas hold those of this rank alone. Null: all of them. It outlives the model's use.
  void share_units(UnitGroup* group) { unit_group_ = group; }
  /// The units whose rows an arena holds.
  [[nodiscard]] Range held_units() const;

  [[nodiscard]] bool selects_from_batch() const override {
    return spec_.sparsity.selection.kind == Selection::batch_top_k;
  }
  void select_candidates(const float* parameters, ConstMatrix samples, Workspace& workspace,
                         const PassContext& context) const override;
  [[nodiscard]] Index batch_count(const PassContext& context) const override {
    return architecture_.sparse_encoder->batch_count(context, 0);
  }
  void follow_selection(float smallest, float* parameters) const override {
    if (selects_from_batch()) architecture_.sparse_encoder->follow(smallest, parameters);
  }

  /// Whether the norm of dh/dx can be measured: the encoder is a chain of dense layers.
  [[nodiscard]] bool has_jacobian() const { return jacobian_ != nullptr; }
  /// Floats of scratch memory that squared_jacobian_norms() needs for `rows` samples.
  [[nodiscard]] Index jacobian_scratch_floats(Index rows) const {
    return jacobian_->scratch_floats(rows);
  }
  /// |dh/dx|_F^2 of every sample of x, exactly.
  void squared_jacobian_norms(const float* parameters, ConstMatrix x, Workspace& workspace,
                              std::span<float> scratch, std::span<double> norms) const;

  /// Samples of passes without training may be inputs alone (rows x features()) or with their
  /// targets (rows x sample_width()); those that compare need the targets.

  /// The network's input for normalised samples: the samples, or a matrix in the workspace in which
  /// missing elements are replaced or counts scaled, valid until the workspace is used for other
  /// samples.
  ConstMatrix network_input(ConstMatrix samples, Workspace& workspace) const;

  /// The dictionary in an arena of the model's, with atoms as rows or columns
  /// (Architecture::atoms_are_rows); empty if there is none.
  [[nodiscard]] ConstMatrix dictionary(const float* parameters) const {
    if (architecture_.dictionary < 0) return {};
    const Tensor& tensor = layout_.tensor(architecture_.dictionary);
    return {parameters + tensor.offset, tensor.shape[0], tensor.shape[1]};
  }

  /// Samples are of the categories that the workspace has been given (Workspace::set_conditions),
  /// here and in all passes below.
  /// Codes h = f(x) of a micro-batch (rows x code_size), living in the workspace. Sparse ones are
  /// in Workspace::code() too.
  ConstMatrix encode(const float* parameters, ConstMatrix x, Workspace& workspace) const;
  /// x^ = r(f(x)) of a micro-batch (rows x outputs()), living in the workspace. r is told
  /// `decoder_conditions` instead of the samples' own, unless empty.
  ConstMatrix reconstruct(const float* parameters, ConstMatrix x, Workspace& workspace,
                          std::span<const std::int32_t> decoder_conditions = {}) const;
  /// x^ = r(h) of given codes; of counts, the means for a typical sample (size factor 1).
  ConstMatrix decode(const float* parameters, ConstMatrix codes, Workspace& workspace) const;
  /// reconstruct() and its loss sums against x.
  LossSums evaluate(const float* parameters, ConstMatrix x, Workspace& workspace) const override;
  LossSums evaluate_weighted(const float* parameters, ConstMatrix x, std::span<const float> weights,
                             Workspace& workspace) const override;

 private:
  // The parts of a workspace's extra floats, for `rows` samples.
  struct Scratch {
    Matrix input;    // corrupted
    Matrix own;      // of samples with targets
    Matrix weights;  // of the loss
    Matrix target;   // of samples with missing elements
    Matrix present;
    Matrix joined;       // input with indicator
    Matrix gate_logits;  // of gate_loss()
    Matrix gate_gradient;
    std::span<float> rows;  // of sample_input_
    std::span<float> loss;
    std::span<float> penalty;
  };
  using InputRows = SampleInput::Rows;
  [[nodiscard]] Index loss_scratch() const {
    return loss_scratch_floats(spec_.loss, spec_.output_activation, outputs());
  }
  [[nodiscard]] Scratch divide(Workspace& workspace, Index rows) const;
  LossSums loss_of(ConstMatrix target, Matrix logits, Matrix gradient, float scale,
                   const LossOptions& options, const RowWeights& weights) const;
  [[nodiscard]] bool weighs_elements() const {
    return has_emphasis(spec_.regularization) || (missing_ && !spec_.feature_weights.empty());
  }
  ConstMatrix loss_weights(ConstMatrix mask, ConstMatrix present, Matrix weights) const {
    return element_weights(spec_.regularization, mask, present, spec_.feature_weights, weights);
  }
  LossSums masked_pass(const float* parameters, ConstMatrix samples, float scale,
                       Workspace& workspace, float* gradient, const PassContext& context,
                       const GradientReady& ready) const;
  ConstMatrix joined(ConstMatrix values, const Scratch& scratch) const;
  InputRows input_rows(ConstMatrix samples, const SparseRows* known, Workspace& workspace,
                       bool wants_dense = false) const;
  LossSums pass(const float* parameters, const InputRows& input, ConstMatrix target, float scale,
                Workspace& workspace, float* gradient, const PassContext& context,
                const GradientReady& ready, ConstMatrix mask, ConstMatrix present) const;
  // The code of a training pass.
  ConstMatrix training_code(const float* parameters, ConstMatrix samples, Workspace& workspace,
                            const PassContext& context) const;
  LossSums predictive_pass(const float* parameters, ConstMatrix input, ConstMatrix target,
                           float scale, Workspace& workspace, float* gradient,
                           const PassContext& context, const GradientReady& ready) const;

  AutoencoderSpec spec_;
  Index features_;
  Index code_size_;
  Layout layout_;
  Architecture architecture_;
  std::unique_ptr<Contractive> contractive_;
  std::unique_ptr<Contractive> jacobian_;  // for squared_jacobian_norms()
  std::unique_ptr<PredictiveSparse> predictive_;
  std::shared_ptr<const DictionaryPass> dictionary_;  // shared: the type is not complete here
  std::optional<MissingInput> missing_;
  SampleInput sample_input_;
  UnitGroup* unit_group_ = nullptr;
};

}  // namespace hourglass
