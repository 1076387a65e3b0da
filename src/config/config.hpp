#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/arithmetic_settings.hpp"
#include "config/local_steps.hpp"
#include "config/optimizer_defaults.hpp"
#include "config/penalty_schedules.hpp"
#include "config/pretrain_config.hpp"
#include "config/reliability.hpp"
#include "config/transfer_settings.hpp"
#include "config/variational_defaults.hpp"
#include "core/channel_order.hpp"
#include "data/columns.hpp"
#include "data/normalization.hpp"
#include "hdf5/read_options.hpp"
#include "hourglass/core/types.hpp"
#include "model/autoencoder.hpp"
#include "nn/initializer.hpp"
#include "optim/line_search.hpp"
#include "optim/optimizer.hpp"
#include "optim/schedule.hpp"
#include "optim/update_settings.hpp"

namespace hourglass {

/// How gradients are summed over ranks.
enum class Reduction {
  tree,       ///< fixed tree over shards, sharded update: the same bits on any number of ranks
  allreduce,  ///< bucketed MPI_Iallreduce, replicated update: the classic scheme, bits depend on
              ///< the number of ranks
};

[[nodiscard]] std::string_view name_of(Reduction reduction);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Reduction reduction_from(std::string_view name);

/// Whether the exchange of gradients carries the rows of active units of a sparse code alone
/// (engine/active_units.hpp); the bits are the same.
enum class SparseExchange { automatic, always, never };

[[nodiscard]] std::string_view name_of(SparseExchange exchange);
/// Throws Error(usage) that lists the names.
[[nodiscard]] SparseExchange sparse_exchange_from(std::string_view name);

/// The treatment of samples and features without counts.
enum class EmptyCounts {
  refuse,
  drop,  ///< left out of what is chosen, as by --select-rows and --select-columns
  keep,
};

[[nodiscard]] std::string_view name_of(EmptyCounts empty);
/// Throws Error(usage) that lists the names.
[[nodiscard]] EmptyCounts empty_counts_from(std::string_view name);

/// Every setting of a training run, as plain data with its default. train/settings.hpp gives each
/// its name and text.
struct TrainConfig {
  // data
  std::string data;
  std::string validation;
  std::string target;             ///< of the training samples; empty: they are their own
  std::string validation_target;  ///< of those of a validation data set
  Normalize target_normalize = Normalize::automatic;  ///< automatic: as `normalize`
  ReadOptions reading;         ///< of the training and the validation samples
  Index highly_variable = 0;   ///< genes to choose before the training; 0: all columns
  std::string sample_weights;  ///< where the weights of training samples come from; empty: all 1
  std::string condition;       ///< where the conditions of the training samples come from
  std::string validation_condition;  ///< of samples of a validation data set
  bool unknown_condition = false;    ///< samples may be of no category or of one never seen
  double validation_scale = 0;  ///< factor of its values; 0: where they differ from those of the
                                ///< training, only what is certain is converted
  ChannelOrder channels = ChannelOrder::automatic;  ///< of the samples as they are stored
  Normalize normalize = Normalize::automatic;
  /// Stored numbers that count as missing, besides NaN; model.missing says what becomes of them.
  std::vector<double> missing_values;
  EmptyCounts empty_counts = EmptyCounts::refuse;
  double target_sum = 0;  ///< counts: model.library, if above 0; else it is the data's
  Index shuffle_block = 32;
  Index shuffle_window = 64;
  Index memory = -1;  ///< bytes of training data held per rank; -1: half of the node's memory
                      ///< over its ranks; 0: stream

  // model
  AutoencoderSpec model;
  std::string feature_weights;  ///< where the loss's weights of features come from; empty: all 1
  std::string group_weights;    ///< mixed loss: of columns, "NAME=2,..."; the others have 1
  /// The kinds of the features, where the data have more than numbers: no setting, but found in the
  /// data or the model file.
  std::vector<Column> columns;
  std::vector<std::string> count_notes;  ///< counts: lines for the report, found in the data
  Initialization initialization = Initialization::glorot_uniform;
  PenaltySchedules penalties;
  Index dead_after = 0;  ///< samples without use after which a unit of a sparse code counts as
                         ///< dead; 0: usual_dead_after()
  Interval resample_dead{0, Interval::Unit::steps};  ///< how often dead units begin anew; 0: never
  GivenSettings given;  ///< see settle_variational_defaults(), settle_sparse_defaults()
  GivenOptimizerSettings given_optimizer;  ///< see settle_optimizer_defaults()

  // optimization
  OptimizerSettings optimizer;
  ScheduleSettings schedule;
  UpdateSettings update;
  Index lbfgs_history =
      10;  ///< pairs of steps and changes of the gradient that stand for the curvature
  LineSearchSettings line_search;
  double clip_norm = 0;
  Index early_stopping =
      0;  ///< epochs without a new smallest validation error after which training ends; 0: never
  bool keep_best = false;  ///< model.h5 is that of the epoch with the smallest validation error
  Index batch = 1024;
  Index micro_batch = 128;
  Index epochs = 10;
  std::uint64_t seed = 1;

  PretrainSettings pretrain;

  TransferSettings transfer;
  ModelOrigin origin;

  // parallel
  Index threads = 1;
  Reduction reduction = Reduction::tree;
  Index bucket_bytes = Index{4} << 20;
  SparseExchange sparse_exchange = SparseExchange::automatic;
  Index dictionary_shards = 1;  ///< ranks that hold the units of a sparse code together
  bool overlap = true;          ///< finished buckets are exchanged while others are computed
  ArithmeticSettings arithmetic;
  LocalStepSettings local;

  // run
  std::string output;
  Interval checkpoint_every;
  Index keep = 3;
  Interval keep_every{0, Interval::Unit::epochs};  ///< of checkpoints that stay; 0: none
  Index log_every = 100;
  bool tensorboard = false;
  std::string progress = "auto";  ///< auto, line, plain, none
  bool profile = false;           ///< print where time went at the end
  std::string trace;              ///< file for a trace of all ranks and workers; empty: none

  ReliabilitySettings reliability;

  [[nodiscard]] Index shards() const { return batch / micro_batch; }
  [[nodiscard]] Index pretrain_batch() const { return pretrain.batch > 0 ? pretrain.batch : batch; }
  [[nodiscard]] Index pretrain_shards() const { return pretrain_batch() / micro_batch; }
};

/// The elements that count as missing in the run's data, without the means that replace them.
[[nodiscard]] inline MissingValues missing_values(const TrainConfig& config) {
  return {config.model.missing, config.missing_values, {}};
}

/// Whether samples are raw counts.
[[nodiscard]] inline bool takes_counts(const TrainConfig& config) {
  return config.model.counts != Counts::none || logits_per_feature(config.model.loss) > 1;
}

/// --optimizer lbfgs: every update is made from the whole data set.
[[nodiscard]] inline bool is_full_batch(const TrainConfig& config) {
  return config.optimizer.name == lbfgs_name;
}

/// Throws Error(usage) naming the settings that are missing, out of range or contradict each other.
void validate(const TrainConfig& config);

}  // namespace hourglass
