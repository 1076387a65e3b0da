// What the trainer says of a run before it begins.
#include <fmt/format.h>

#include "config/idle_settings.hpp"
#include "train/memory_prediction.hpp"
#include "train/output_range.hpp"
#include "train/placement.hpp"
#include "train/trainer.hpp"

namespace hourglass {

void Trainer::note_start() {
  MemoryPrediction memory;
  const auto add = [&](const char* name, Index bytes) {
    memory.add(name, communicator_.max(bytes));
  };
  add("weights", parameters_.size() * static_cast<Index>(sizeof(float)));
  add("gradient", stage_->gradient_bytes());
  add("optimizer state", stage_->optimizer_bytes());
  if (config_.reliability.checkpoint_async) {
    const Index parameters =
        parameters_.size() * static_cast<Index>(sizeof(float)) / communicator_.size();
    add("checkpoint in the background", parameters + stage_->optimizer_bytes());
  }
  add("activations and micro-batch gradients", stage_->workspace_bytes());
  add("exchange", stage_->exchange_bytes());
  add("data", source_->bytes());
  const auto advice =
      placement_advice(gather_placements(communicator_, placement_here(config_.threads)));
  if (!progress_ || config_.progress == "none") return;
  progress_->note(
      fmt::format("{} samples of {} features; {} parameters; {} ranks x {} threads; {} shards; {} "
                  "steps an epoch",
                  plan_.samples(), model_.features(), model_.layout().parameter_count(),
                  communicator_.size(), config_.threads, plan_.shards(), plan_.steps_per_epoch()));
  progress_->note(memory.text());
  for (const std::string& line : advice) progress_->note(line);
  for (const std::string& line : idle_settings_advice(config_)) progress_->note(line);
  const auto range = output_range_advice(*reader_, transform_, config_.model.output_activation);
  if (range) progress_->note(*range);
}

}  // namespace hourglass
