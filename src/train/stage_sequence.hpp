#pragma once

#include <memory>
#include <span>

#include "config/config.hpp"
#include "core/buffer.hpp"
#include "data/sample_source.hpp"
#include "engine/dictionary_shards.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/autoencoder.hpp"
#include "train/run_data.hpp"
#include "train/run_plan.hpp"
#include "train/run_profile.hpp"
#include "train/trained_stage.hpp"

namespace hourglass {

/// Goes through the stages of a run: holds the network's parameters, the workers, and for the
/// current stage its samples and what trains it.
class StageSequence {
 public:
  /// Initializes the parameters from the seed; with `shards` (null: none), those that this rank
  /// holds. The references and `shards` outlive this. Local.
  StageSequence(const Communicator& communicator, const TrainConfig& config,
                const Autoencoder& network, const RunData& data, const RunPlan& plan,
                const RunProfile& profile, DictionaryShards* shards = nullptr);

  /// Sets the parameters that begin with what the data are: a pre-bias. The data are prepared.
  /// Throws the same Error on every rank. Collective.
  void start_from_data();

  /// The model that the stages to begin imitate; it outlives this.
  void set_teacher(const Model* teacher) { teacher_ = teacher; }
  /// Makes a stage the current one, from the network's parameters as they are. Throws the same
  /// Error on every rank. Collective.
  void begin(Index stage);
  /// Ends the current stage, a pretrained layer, and begins the next. Collective.
  void advance();
  /// Records phases from now on if the profile does; of the whole network only, whose layers are
  /// the rows of the profile's table.
  void record_phases();

  [[nodiscard]] const Autoencoder& network() const { return network_; }
  /// The ranks that share the data of a step and of a pass over samples: all, but with a dictionary
  /// divided among ranks one of each group.
  [[nodiscard]] const Communicator& sharing() const {
    return shards_ == nullptr ? communicator_ : shards_->across();
  }
  /// Null: none.
  [[nodiscard]] const DictionaryShards* shards() const { return shards_; }
  /// The network's arena.
  [[nodiscard]] std::span<float> parameters() { return parameters_.span(); }
  [[nodiscard]] WorkerPool& pool() { return pool_; }
  [[nodiscard]] TrainedStage& current() { return *current_; }
  [[nodiscard]] Stage& stage() { return current_->stage(); }
  [[nodiscard]] SampleSource& source() { return *source_; }
  /// Seconds in which workers have waited for samples since the last call.
  [[nodiscard]] double take_input_seconds();

 private:
  Communicator communicator_;
  const TrainConfig& config_;
  const Autoencoder& network_;
  const RunData& data_;
  const RunPlan& plan_;
  const RunProfile& profile_;
  DictionaryShards* shards_;
  const Model* teacher_ = nullptr;
  WorkerPool pool_;
  Buffer<float> parameters_;
  const ShardPlan* source_plan_ = nullptr;
  std::unique_ptr<SampleSource> source_;
  double input_seconds_ = 0;  // of the source, taken so far
  Index index_ = 0;
  std::unique_ptr<TrainedStage> current_;
};

}  // namespace hourglass
