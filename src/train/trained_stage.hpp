#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "core/buffer.hpp"
#include "engine/full_batch.hpp"
#include "engine/stage.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/autoencoder.hpp"
#include "model/distilled.hpp"
#include "run/model_file.hpp"
#include "train/run_plan.hpp"

namespace hourglass {

/// One stage of a run while it is trained: the whole network in its own arena, or a layer in a copy
/// of its tensors.
class TrainedStage {
 public:
  /// The references, `parameters`, the network's arena, and the teacher that the whole network
  /// imitates, null without one, outlive this. Throws the same Error on
  /// every rank. Collective.
  TrainedStage(const Communicator& communicator, const TrainConfig& config,
               const Autoencoder& network, const RunPlan& plan, Index index, WorkerPool& pool,
               std::span<float> parameters, const Model* teacher = nullptr,
               DictionaryShards* shards = nullptr);

  [[nodiscard]] bool is_pretraining() const { return layer_ != nullptr; }
  [[nodiscard]] Stage& stage() { return *stage_; }
  /// The L-BFGS iteration, null when updates are made from batches.
  [[nodiscard]] FullBatch* full_batch() { return full_batch_.get(); }

  /// Copies the tensors of a layer that is pretrained to the network's arena.
  void copy_to_network();

  /// The network's parameters as they are stored, below /model.
  [[nodiscard]] StoredArena stored_parameters();
  /// The parameters for use: the running average when one is kept.
  [[nodiscard]] StoredArena stored_model();
  /// The optimizer's state, below /optimizer; `header` gets its numbers.
  [[nodiscard]] std::vector<StoredArena> stored_optimizer(StateHeader& header) const;
  /// Reads this rank's part of the optimizer's state back. Throws the same Error on every rank.
  /// Collective.
  void load_optimizer(const StateFile& file);

 private:
  const Pretraining& pretraining_;
  Index index_;
  std::vector<StoredTensor> network_tensors_;
  std::span<float> network_parameters_;
  std::unique_ptr<Trainable> layer_;
  std::unique_ptr<Distilled> distilled_;
  Buffer<float> layer_parameters_;
  std::unique_ptr<Stage> stage_;
  std::unique_ptr<FullBatch> full_batch_;
  const DictionaryShards* shards_;
};

}  // namespace hourglass
