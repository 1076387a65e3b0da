#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/function_ref.hpp"
#include "model/autoencoder.hpp"
#include "nn/loss.hpp"

namespace hourglass {

/// What the training of a dictionary adds to the loss of a sparse code h with one layer on each
/// side, x^ = h A + b:
///
/// Prefixes (Matryoshka, Bussmann et al. 2025): with p_1 < ... < p_m = all units and x^_j decoded
/// from the units below p_j alone, the loss is the mean of L(x, x^_j) over j. The reconstructions
/// are the partial sums of the last one. With g_j = dL/dx^_j a unit between p_(j-1) and p_j has the
/// gradient of g_j + ... + g_m.
///
/// Auxiliary loss (AuxK, Gao et al. 2024): with the residual e = x - x^, a constant, and e^
/// decoded, without b, from the aux_k largest positive pre-activations of each sample among the
/// dead units (PassContext::dead_units), aux_weight q |e - e^|^2, per feature or summed as the loss
/// is. It gives dead units a gradient: towards what the others leave. The constant
/// q = sum |x - b|^2 / sum |e|^2 over the micro-batch, at most 1000, is the published
/// normalisation, each error relative to what it is an error of: it keeps the weight of this loss
/// as residuals shrink. (By sample, as some programs have it, dead units learn the noise of good
/// samples: 91 % instead of 97 % of the atoms of docs/sparse-autoencoders.md are found.)
///
/// Both make the code's rows several parts of the samples (PassContext::stacked_gradient).
class DictionaryPass {
 public:
  /// The loss of the samples at given logits, of which dL/dlogits is written.
  using LossOf =
      FunctionRef<LossSums(ConstMatrix target, Matrix logits, Matrix gradient, float scale)>;

  /// The layers of `architecture` outlive this.
  DictionaryPass(const AutoencoderSpec& spec, const Architecture& architecture);

  /// Whether a spec asks for any of this.
  [[nodiscard]] static bool wanted(const AutoencoderSpec& spec);
  [[nodiscard]] Index scratch_floats(Index rows) const;
  /// Parts of the code of each sample that training uses by itself: the prefixes.
  [[nodiscard]] Index prefixes() const { return static_cast<Index>(ends_.size()); }

  /// Between the loss of a training pass, whose sums are `sums` and whose gradient is in the
  /// workspace, and backward: adjusts both, adds the parts to the pass's code, and returns the
  /// stacked gradient, living in `scratch`; empty where nothing is to be added. The
  /// auxiliary loss is added to the penalty.
  ConstMatrix apply(const float* parameters, ConstMatrix target, float scale,
                    const PassContext& context, Workspace& workspace, SparseCode& code,
                    std::span<float> scratch, LossSums& sums, LossOf loss_of) const;

 private:
  void add_prefixes(const float* parameters, ConstMatrix target, float scale, Workspace& workspace,
                    const SparseCode& code, Matrix stacked, std::span<float> scratch,
                    LossSums& sums, LossOf loss_of) const;
  struct Candidate {
    float value = 0;
    std::int32_t unit = 0;
  };
  void add_dead_units(const float* parameters, Index rows, const PassContext& context,
                      Workspace& workspace, SparseCode& code,
                      std::span<Candidate> candidates) const;
  double auxiliary_loss(const float* parameters, ConstMatrix target, float scale,
                        const PassContext& context, Workspace& workspace, const SparseCode& code,
                        Matrix gradient) const;

  DictionarySpec spec_;
  bool feature_mean_;
  const SparseEncoder* encoder_;
  const SparseDecoder* decoder_;
  Index code_layer_;
  Index last_layer_;
  Index features_;           // of the output
  std::vector<Index> ends_;  // of the prefixes
};

}  // namespace hourglass
