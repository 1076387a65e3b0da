#include "train/diagnosis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <vector>

#include "core/buffer.hpp"
#include "math/finite.hpp"

namespace hourglass {

namespace {

bool finite_rows(ConstMatrix matrix) {
  for (Index row = 0; row < matrix.rows; ++row) {
    if (!all_finite(matrix.row(row))) return false;
  }
  return true;
}

std::span<const float> values_of(const Tensor& tensor, std::span<const float> arena) {
  return arena.subspan(static_cast<std::size_t>(tensor.offset),
                       static_cast<std::size_t>(tensor.size));
}

// "encoder/1" for the layer with the tensor "encoder/1/weight".
std::string layer_of(const std::string& tensor) { return tensor.substr(0, tensor.rfind('/')); }

// The first layer whose output for this sample is not finite, or "" when all are.
std::string overflowing_layer(const Trainable& model, std::span<const float> parameters,
                              ConstMatrix sample, Workspace& workspace,
                              const PassContext& context) {
  const auto* const autoencoder = dynamic_cast<const Autoencoder*>(&model);
  if (autoencoder == nullptr) return "";
  const Network& network = autoencoder->network();
  network.forward({0, network.layer_count()}, parameters.data(),
                  autoencoder->network_input(sample, workspace), workspace, context);
  std::string name = "the input";
  for (Index layer = 0; layer < network.layer_count(); ++layer) {
    const auto roles = network.layer(layer).roles();
    if (!roles.empty()) name = layer_of(model.layout().tensor(roles.front().slot).name);
    if (finite_rows(ConstMatrix(workspace.output(layer, 1)))) continue;
    // The outputs are logits of features: the first, for a likelihood that is not finite.
    if (layer + 1 < network.layer_count() || logits_per_feature(autoencoder->spec().loss) == 1)
      return name;
    const std::span<const float> logits = workspace.output(layer, 1).row(0);
    const auto bad = std::ranges::find_if(logits, [](float z) { return !std::isfinite(z); });
    return fmt::format("{} (feature {})", name, (bad - logits.begin()) % model.sample_width());
  }
  return "";
}

// Where one sample's pass stops being finite: a layer, "the loss", or "".
std::string fault_of(const Trainable& model, std::span<const float> parameters, ConstMatrix sample,
                     Workspace& workspace, Buffer<float>& gradient, const PassContext& context) {
  if (const std::string layer = overflowing_layer(model, parameters, sample, workspace, context);
      !layer.empty()) {
    return "the output of " + layer;
  }
  const LossSums sums = model.train_pass(parameters.data(), sample, 1.0F, workspace,
                                         gradient.data(), context, [](Range) {});
  if (!std::isfinite(sums.loss) || !std::isfinite(sums.penalty)) return "the loss";
  // Backwards, as the pass goes: the first one met is where it began.
  const auto& tensors = model.layout().tensors();
  for (auto tensor = tensors.rbegin(); tensor != tensors.rend(); ++tensor) {
    if (!all_finite(values_of(*tensor, gradient.span()))) return "the gradient of " + tensor->name;
  }
  return "";
}

}  // namespace

std::string non_finite_tensor(const Layout& layout, std::span<const float> arena) {
  for (const Tensor& tensor : layout.tensors()) {
    if (!all_finite(values_of(tensor, arena))) return tensor.name;
  }
  return "";
}

std::string find_non_finite(const Communicator& communicator, const Trainable& model,
                            const ShardPlan& plan, std::span<const float> parameters,
                            SampleSource& source, const FailedStep& step) {
  // The same on every rank.
  if (const std::string tensor = non_finite_tensor(model.layout(), parameters); !tensor.empty()) {
    return fmt::format("{} is not finite since the step before", tensor);
  }
  std::string mine;
  collectively(communicator, [&] {
    source.begin_epoch(step.epoch, step.step_in_epoch);
    Workspace workspace = model.make_workspace(1);
    Buffer<float> gradient(model.layout().size());
    Buffer<float> samples(plan.micro_batch() * model.sample_width());
    std::vector<std::uint64_t> ids(static_cast<std::size_t>(plan.micro_batch()));
    const std::vector<double> no_means(static_cast<std::size_t>(model.mean_units()), 0.5);
    const Range shards = plan.shards_of_rank(communicator.rank(), communicator.size());
    for (Index shard = shards.begin; shard < shards.end; ++shard) {
      const Index rows = plan.positions(shard, step.step_in_epoch).size();
      source.gather(shard, step.step_in_epoch, {samples.data(), rows, model.sample_width()},
                    std::span(ids).first(static_cast<std::size_t>(rows)));
      for (Index row = 0; row < rows; ++row) {
        const PassContext context{
            .training = true,
            .seed = step.seed,
            .epoch = step.epoch,
            .sample_ids = std::span(ids).subspan(static_cast<std::size_t>(row), 1),
            .sample_weights = source.weights(),
            .conditions = source.conditions(),
            .unit_means = no_means};
        const ConstMatrix sample(samples.data() + row * model.sample_width(), 1,
                                 model.sample_width());
        const std::string fault = fault_of(model, parameters, sample, workspace, gradient, context);
        if (!fault.empty())
          mine += fmt::format("{}\t{}\n", ids[static_cast<std::size_t>(row)], fault);
      }
    }
  });
  std::map<std::uint64_t, std::string> faults;
  for (const std::string& text : communicator.all_gather(mine)) {
    std::istringstream stream(text);
    std::uint64_t id = 0;
    for (std::string fault; stream >> id && std::getline(stream >> std::ws, fault);)
      faults[id] = fault;
  }
  if (faults.empty()) return "";
  constexpr std::size_t shown = 5;
  std::string names;
  for (auto entry = faults.begin(); entry != faults.end() && names.size() < 200; ++entry) {
    if (static_cast<std::size_t>(std::distance(faults.begin(), entry)) == shown) break;
    names += (names.empty() ? "" : ", ") + std::to_string(entry->first);
  }
  if (faults.size() > shown) names += fmt::format(" and {} more", faults.size() - shown);
  return fmt::format("it began in {} for sample{} {}", faults.begin()->second,
                     faults.size() == 1 ? "" : "s", names);
}

}  // namespace hourglass
