#include "train/start_report.hpp"

#include <fmt/format.h>

#include "config/ineffective_settings.hpp"
#include "train/output_range.hpp"
#include "train/placement.hpp"
#include "train/shuffle_advice.hpp"

namespace hourglass {

MemoryPrediction predict_memory(const Communicator& communicator, const TrainConfig& config,
                                StageSequence& stages) {
  MemoryPrediction memory;
  const auto add = [&](const char* name, Index bytes) {
    memory.add(name, communicator.max(bytes));
  };
  const Stage& stage = stages.stage();
  const Index weights =
      static_cast<Index>(stages.parameters().size()) * static_cast<Index>(sizeof(float));
  add("weights", weights);
  add("gradient", stage.gradient_bytes());
  add("optimizer state", stage.optimizer_bytes());
  if (config.reliability.checkpoint_async)
    add("checkpoint in the background", weights / communicator.size() + stage.optimizer_bytes());
  add("activations and micro-batch gradients", stage.workspace_bytes());
  add("exchange", stage.exchange_bytes());
  add("data", stages.source().bytes());
  return memory;
}

std::vector<std::string> start_report(const Communicator& communicator, const TrainConfig& config,
                                      const RunData& data, const RunPlan& plan,
                                      StageSequence& stages, bool wanted) {
  const MemoryPrediction memory = predict_memory(communicator, config, stages);
  const auto placement =
      placement_advice(gather_placements(communicator, placement_here(config.threads)));
  if (!wanted) return {};
  const Autoencoder& network = stages.network();
  const ShardPlan& shards = plan.shards(plan.layers());
  std::vector<std::string> lines{
      fmt::format("{} samples of {} features; {} parameters; {} ranks x {} threads; {} shards; {} "
                  "steps an epoch",
                  shards.samples(), network.features(), network.layout().parameter_count(),
                  communicator.size(), config.threads, shards.shards(), shards.steps_per_epoch()),
      memory.text()};
  for (const std::string& line : placement) lines.push_back(line);
  for (const std::string& line : ineffective_settings_advice(config)) lines.push_back(line);
  for (const std::string& line : data.advice()) lines.push_back(line);
  const SampleSourceSettings whole{
      shards, shards.shards_of_rank(communicator.rank(), communicator.size()), {}, {}};
  const bool in_memory = stages.source().bytes() >= memory_bytes(data.training().info(), whole);
  const auto shuffle =
      shuffle_advice(data.correlation(), shards,
                     {config.seed, config.shuffle_block, config.shuffle_window}, in_memory);
  if (shuffle) lines.push_back(*shuffle);
  const auto range =
      output_range_advice(data.training(), data.transform(), config.model.output_activation);
  if (range) lines.push_back(*range);
  return lines;
}

}  // namespace hourglass
