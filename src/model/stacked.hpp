#pragma once

#include <memory>

#include "model/missing_input.hpp"
#include "model/trainable.hpp"

namespace hourglass {

/// A model on top of frozen layers: its samples are the outputs of layers `below` of a network,
/// computed without noise. Only the model's own parameters are trained.
class Stacked final : public Trainable {
 public:
  /// `network` and its `parameters` (its whole arena) outlive this, and those of the layers below
  /// do not change. With an empty range the model's samples are the samples. `missing`, which
  /// outlives this too, prepares samples with missing elements for the layers below.
  Stacked(const Network& network, Range below, const float* parameters,
          std::unique_ptr<Trainable> model, const MissingInput* missing = nullptr);

  [[nodiscard]] const Layout& layout() const override { return model_->layout(); }
  [[nodiscard]] std::vector<TensorRole> roles() const override { return model_->roles(); }
  [[nodiscard]] Index features() const override;
  [[nodiscard]] Workspace make_workspace(Index max_rows) const override;
  LossSums train_pass(const float* parameters, ConstMatrix samples, float scale,
                      Workspace& workspace, float* gradient, const PassContext& context,
                      const GradientReady& ready) const override;
  LossSums evaluate(const float* parameters, ConstMatrix samples,
                    Workspace& workspace) const override;
  void constrain(float* parameters, std::span<const Range> frozen) const override {
    model_->constrain(parameters, frozen);
  }
  [[nodiscard]] Index mean_units() const override { return model_->mean_units(); }
  void add_unit_sums(const float* parameters, ConstMatrix samples, Workspace& workspace,
                     const PassContext& context, std::span<ExactSum> sums) const override;

 private:
  ConstMatrix pass_below(ConstMatrix samples, Workspace& workspace) const;

  const Network& network_;
  Range below_;
  const float* below_parameters_;
  std::unique_ptr<Trainable> model_;
  const MissingInput* missing_;
};

}  // namespace hourglass
