#pragma once

#include "model/trainable.hpp"

namespace hourglass {

/// What a unit of a restricted Boltzmann machine is, given its input a.
enum class RbmUnit {
  bernoulli,  ///< 1 with probability sigmoid(a), else 0
  gaussian,   ///< N(a, 1)
};

struct RbmSpec {
  Index visible = 0;
  Index hidden = 0;
  RbmUnit visible_unit = RbmUnit::bernoulli;
  RbmUnit hidden_unit = RbmUnit::bernoulli;
  Index steps = 1;  ///< k of CD-k: Gibbs steps from the data to the negative phase, 1 to 1000
  bool sample_visible = false;  ///< visible units of the chain are drawn; else they are their
                                ///< means, as in Hinton & Salakhutdinov (2006)
};

/// Restricted Boltzmann machine, trained by contrastive divergence (Hinton 2002; "A practical guide
/// to training RBMs", 2010):
///   h0 = E[h | v0];  a chain of k steps h ~ p(h | v), v = E[v | h] (or v ~ p(v | h)) from v0;  h_k
///   = E[h | v_k] gradient of W: h_k^T v_k - h0^T v0, of the hidden biases h_k - h0, of the visible
///   ones v_k - v0, summed over samples
/// with E[h | v] = s(v W^T + c), E[v | h] = s(h W + b). The loss reported is the squared error of
/// the first reconstruction. The tensors are those of an autoencoder of one tied layer:
/// "encoder/0/weight" (hidden x visible), "encoder/0/bias", "decoder/0/bias". Every draw is a
/// function of (seed, sample, epoch, place in the chain, unit).
class Rbm final : public Trainable {
 public:
  /// Throws Error(usage) naming --rbm-steps.
  explicit Rbm(const RbmSpec& spec);

  [[nodiscard]] const Layout& layout() const override { return layout_; }
  [[nodiscard]] std::vector<TensorRole> roles() const override;
  [[nodiscard]] Index features() const override { return spec_.visible; }
  [[nodiscard]] Workspace make_workspace(Index max_rows) const override;
  LossSums train_pass(const float* parameters, ConstMatrix samples, float scale,
                      Workspace& workspace, float* gradient, const PassContext& context,
                      const GradientReady& ready) const override;
  /// Of the reconstruction from E[h | v]: no draws.
  LossSums evaluate(const float* parameters, ConstMatrix samples,
                    Workspace& workspace) const override;

 private:
  // Units of `rows` samples along the Gibbs chain, in a workspace's extra floats.
  struct Chain {
    Matrix first_hidden;
    Matrix hidden;
    Matrix visible;
  };
  [[nodiscard]] Chain chain_of(Workspace& workspace, Index rows) const;
  [[nodiscard]] ConstMatrix weight(const float* parameters) const;
  void up(const float* parameters, ConstMatrix visible, Matrix hidden) const;
  void down(const float* parameters, ConstMatrix hidden, Matrix visible) const;

  RbmSpec spec_;
  Layout layout_;
  Slot weight_;
  Slot hidden_bias_;
  Slot visible_bias_;
};

/// Replaces means by draws. `place` numbers the draws of one pass (0: the first hidden units, 1:
/// the visible ones of step 1,
/// ...).
void draw_units(RbmUnit unit, Index place, const PassContext& context, Matrix means);

}  // namespace hourglass
