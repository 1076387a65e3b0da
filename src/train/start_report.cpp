#include "train/start_report.hpp"

#include <fmt/format.h>

#include "config/ineffective_settings.hpp"
#include "engine/sample_layout.hpp"
#include "engine/training_data.hpp"
#include "train/output_range.hpp"
#include "train/placement.hpp"
#include "train/run_start.hpp"
#include "train/shuffle_advice.hpp"
#include "train/unpacking_advice.hpp"
#include "train/warmup_advice.hpp"

namespace hourglass {

MemoryPrediction predict_memory(const Communicator& communicator, const TrainConfig& config,
                                const RunData& data, StageSequence& stages) {
  MemoryPrediction memory;
  const auto add = [&](const char* name, Index bytes) {
    memory.add(name, communicator.max(bytes));
  };
  const Stage& stage = stages.stage();
  const Index floats = stages.shards() == nullptr ? static_cast<Index>(stages.parameters().size())
                                                  : stages.shards()->floats();
  const Index weights = floats * static_cast<Index>(sizeof(float));
  add("weights", weights);
  if (stage.replica_bytes() > 0) add("weights of groups", stage.replica_bytes());
  add("gradient", stage.gradient_bytes());
  add("optimizer state", stage.optimizer_bytes());
  if (config.reliability.checkpoint_async)
    add("checkpoint in the background", weights / communicator.size() + stage.stored_bytes());
  add("activations and micro-batch gradients", stage.workspace_bytes());
  add("exchange", stage.exchange_bytes());
  add("data", stages.source().bytes());
  const Index unpacking =
      data.training().info().unpacking_bytes +
      (data.validation() == nullptr ? 0 : data.validation()->info().unpacking_bytes);
  if (unpacking > 0) add("unpacked chunks", unpacking);
  return memory;
}

std::vector<std::string> start_report(const Communicator& communicator, const TrainConfig& config,
                                      const RunData& data, const RunPlan& plan,
                                      StageSequence& stages, bool wanted) {
  const MemoryPrediction memory = predict_memory(communicator, config, data, stages);
  const auto placement =
      placement_advice(gather_placements(communicator, placement_here(config.threads)));
  // As open_training_data decides.
  const ShardPlan& shards = plan.shards(plan.layers());
  const SampleSourceSettings whole{
      shards, shards.shards_of_rank(stages.sharing().rank(), stages.sharing().size()), {}, {}};
  const bool streams =
      !fits_memory(data.training().info(), whole, memory_budget(communicator, config.memory));
  if (!wanted) return {};
  const Autoencoder& network = stages.network();
  std::vector<std::string> lines{
      fmt::format("{} samples of {} features; {} parameters; {} ranks x {} threads; {} shards; {} "
                  "steps an epoch",
                  shards.samples(), network.features(), network.layout().parameter_count(),
                  communicator.size(), config.threads, shards.shards(), shards.steps_per_epoch()),
      memory.text()};
  if (config.origin.known()) lines.push_back(config.origin.taken);
  if (const std::string frozen = frozen_note(config, network); !frozen.empty())
    lines.push_back(fmt::format("frozen: {}", frozen));
  const DatasetInfo& info = data.training().info();
  if (!info.decoding.empty())
    lines.push_back(fmt::format("{}: {}", to_string(info.address), info.decoding));
  for (const std::string& line : data.notes()) lines.push_back(line);
  for (const std::string& line : data.training_notes()) lines.push_back(line);
  if (const std::string note = layout_note(config, data.training().info()); !note.empty())
    lines.push_back(note);
  for (const std::string& line : placement) lines.push_back(line);
  for (const std::string& line : ineffective_settings_advice(config)) lines.push_back(line);
  for (const std::string& line : warmup_advice(config, shards.steps_per_epoch()))
    lines.push_back(line);
  for (const std::string& line : data.advice()) lines.push_back(line);
  const bool in_memory = stages.source().bytes() >= memory_bytes(data.training().info(), whole);
  const auto shuffle =
      shuffle_advice(data.correlation(), shards,
                     {config.seed, config.shuffle_block, config.shuffle_window}, in_memory);
  if (shuffle) lines.push_back(*shuffle);
  const auto range =
      output_range_advice(data.training(), data.transform(), config.model.output_activation,
                          config.model.target_features);
  if (range) lines.push_back(*range);
  if (streams) {
    const auto unpacking = unpacking_advice(data.training().info(), shards, config);
    if (unpacking) lines.push_back(*unpacking);
  }
  return lines;
}

}  // namespace hourglass
