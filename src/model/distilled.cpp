#include "model/distilled.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/scratch_arena.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

std::string_view name_of(Distill distill) {
  return distill == Distill::codes ? "codes" : "outputs";
}

Distill distill_from(std::string_view name) {
  if (name == "codes") return Distill::codes;
  if (name == "outputs") return Distill::outputs;
  throw Error(ErrorKind::usage, fmt::format("unknown target '{}': codes or outputs", name));
}

Distilled::Distilled(const Autoencoder& student, const Autoencoder& teacher,
                     const float* teacher_parameters, Distill distill, double weight)
    : student_(student),
      teacher_(teacher),
      teacher_parameters_(teacher_parameters),
      distill_(distill),
      weight_(static_cast<float>(weight)) {
  require(student.features() == teacher.features(), "a teacher of other samples");
  require(distill == Distill::outputs || student.code_size() == teacher.code_size(),
          "a teacher whose codes have another size");
}

Index Distilled::logits() const {
  const Network& network = student_.network();
  return network.layer(network.layer_count() - 1).outputs();
}

// The student's workspace, with that of the teacher and the scratch of TeacherTargets as its parts.
Workspace Distilled::make_workspace(Index max_rows) const {
  Workspace workspace = student_.make_workspace(max_rows);
  workspace.add_part(teacher_.make_workspace(max_rows));
  const Index scratch =
      distill_ == Distill::outputs ? 2 * ScratchArena::floats_of(max_rows, logits()) : 0;
  workspace.add_part(Workspace(max_rows, scratch));
  return workspace;
}

LossSums Distilled::train_pass(const float* parameters, ConstMatrix samples, float scale,
                               Workspace& workspace, float* gradient, const PassContext& context,
                               const GradientReady& ready) const {
  PassContext taught = context;
  TeacherTargets targets;
  if (samples.rows > 0) {
    targets.weight = weight_;
    if (distill_ == Distill::codes) {
      targets.codes = teacher_.encode(teacher_parameters_, samples, workspace.part(0));
    } else {
      targets.outputs = teacher_.reconstruct(teacher_parameters_, samples, workspace.part(0));
      ScratchArena arena(workspace.part(1).extra());
      targets.logits = arena.allocate(samples.rows, logits());
      targets.gradient = arena.allocate(samples.rows, logits());
    }
    taught.teacher = &targets;
  }
  return student_.train_pass(parameters, samples, scale, workspace, gradient, taught, ready);
}

LossSums loss_with_teacher(const TeacherTargets* teacher, ConstMatrix target, Matrix logits,
                           Matrix gradient, float scale, TargetLoss loss) {
  if (teacher == nullptr) return loss(target, logits, gradient, scale);
  const float own = 1.0F - teacher->weight;
  const bool outputs = !teacher->outputs.empty();
  for (Index r = 0; outputs && r < logits.rows; ++r)
    std::ranges::copy(logits.row(r), teacher->logits.row(r).begin());
  LossSums sums = loss(target, logits, gradient, own * scale);
  sums.loss *= static_cast<double>(own);
  if (!outputs) return sums;
  const LossSums imitation =
      loss(teacher->outputs, teacher->logits, teacher->gradient, teacher->weight * scale);
  sums.loss += static_cast<double>(teacher->weight) * imitation.loss;
  for (Index r = 0; r < gradient.rows; ++r) {
    const auto from = teacher->gradient.row(r);
    const auto to = gradient.row(r);
    for (std::size_t c = 0; c < to.size(); ++c) to[c] += from[c];
  }
  return sums;
}

double imitate_codes(const TeacherTargets& teacher, ConstMatrix code, float scale, Matrix gradient,
                     const RowWeights& weights) {
  const Index units = teacher.codes.columns;
  const double share = static_cast<double>(teacher.weight) / static_cast<double>(units);
  double value = 0;
  for (Index r = 0; r < code.rows; ++r) {
    const double weight = weights.empty() ? 1.0 : static_cast<double>(weights[r]);
    const auto factor = static_cast<float>(2 * share * weight) * scale;
    double sum = 0;
    for (Index u = 0; u < units; ++u) {
      const float difference = code(r, u) - teacher.codes(r, u);
      sum += static_cast<double>(difference) * static_cast<double>(difference);
      gradient(r, u) += factor * difference;
    }
    value += share * weight * sum;
  }
  return value;
}

}  // namespace hourglass
