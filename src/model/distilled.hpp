#pragma once

#include <string_view>

#include "core/function_ref.hpp"
#include "model/autoencoder.hpp"
#include "model/trainable.hpp"
#include "nn/row_weights.hpp"

namespace hourglass {

/// What of a teacher a model learns to imitate.
enum class Distill {
  codes,    ///< its codes, of as many units
  outputs,  ///< its reconstructions
};

[[nodiscard]] std::string_view name_of(Distill distill);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Distill distill_from(std::string_view name);

/// An autoencoder that learns from another one besides its samples (knowledge distillation: Hinton
/// et al. 2015; of inner representations: Romero et al. 2015). The loss of a sample x is
///   (1 - w) L(x^, x) + w L_teacher
///   codes:   L_teacher = mean over the units of (h - h_t)^2, h and h_t the codes of student and
///            teacher, the means of variational ones
///   outputs: L_teacher = L(x^, x^_t), the student's loss against the teacher's reconstruction
/// plus the student's penalties. The teacher sees the samples without the student's corruption and
/// is computed in single precision for each micro-batch, so that no bit depends on ranks or
/// threads. Everything but the training pass is the student's.
class Distilled final : public Trainable {
 public:
  /// Both networks, which take the same samples, and the teacher's parameters outlive this. With
  /// `codes` they have codes of the same size. `weight`: w, above 0 and at most 1.
  Distilled(const Autoencoder& student, const Autoencoder& teacher, const float* teacher_parameters,
            Distill distill, double weight);

  [[nodiscard]] const Layout& layout() const override { return student_.layout(); }
  [[nodiscard]] std::vector<TensorRole> roles() const override { return student_.roles(); }
  [[nodiscard]] Index features() const override { return student_.features(); }
  [[nodiscard]] Index input_width() const override { return student_.input_width(); }
  [[nodiscard]] Workspace make_workspace(Index max_rows) const override;
  LossSums train_pass(const float* parameters, ConstMatrix samples, float scale,
                      Workspace& workspace, float* gradient, const PassContext& context,
                      const GradientReady& ready) const override;
  LossSums evaluate(const float* parameters, ConstMatrix samples,
                    Workspace& workspace) const override {
    return student_.evaluate(parameters, samples, workspace);
  }
  LossSums evaluate_weighted(const float* parameters, ConstMatrix samples,
                             std::span<const float> weights, Workspace& workspace) const override {
    return student_.evaluate_weighted(parameters, samples, weights, workspace);
  }
  [[nodiscard]] Index posterior_layer() const override { return student_.posterior_layer(); }
  [[nodiscard]] Index posterior_units() const override { return student_.posterior_units(); }
  void constrain(float* parameters, std::span<const Range> frozen) const override {
    student_.constrain(parameters, frozen);
  }
  [[nodiscard]] Index mean_units() const override { return student_.mean_units(); }
  void add_unit_sums(const float* parameters, ConstMatrix samples, Workspace& workspace,
                     const PassContext& context, std::span<ExactSum> sums) const override {
    student_.add_unit_sums(parameters, samples, workspace, context, sums);
  }

 private:
  [[nodiscard]] Index logits() const;

  const Autoencoder& student_;
  const Autoencoder& teacher_;
  const float* teacher_parameters_;
  Distill distill_;
  float weight_;
};

/// A loss as function of its target: writes scale * its derivative to `gradient` and may overwrite
/// `logits`.
using TargetLoss =
    FunctionRef<LossSums(ConstMatrix target, Matrix logits, Matrix gradient, float scale)>;

/// The loss against `target` and, as far as there is a `teacher` (or null), against its outputs.
/// The squared error is that against the target.
LossSums loss_with_teacher(const TeacherTargets* teacher, ConstMatrix target, Matrix logits,
                           Matrix gradient, float scale, TargetLoss loss);

/// w times the mean squared distance of the first columns of `code` (rows x at least as many units)
/// to the teacher's codes, summed over rows with their weights; adds scale times its derivative to
/// `gradient`.
double imitate_codes(const TeacherTargets& teacher, ConstMatrix code, float scale, Matrix gradient,
                     const RowWeights& weights);

}  // namespace hourglass
