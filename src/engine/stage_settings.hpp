#pragma once

#include "config/config.hpp"
#include "engine/dictionary_shards.hpp"
#include "model/frozen.hpp"
#include "optim/optimizer.hpp"
#include "optim/schedule.hpp"
#include "optim/update_settings.hpp"

namespace hourglass {

/// How the parameters of a stage are updated, and for how long.
struct StageSettings {
  OptimizerSettings optimizer;
  ScheduleSettings schedule;
  UpdateSettings update;
  double clip_norm = 0;  ///< 0: no clipping
  Index epochs = 0;
  Reduction reduction = Reduction::tree;
  Index bucket_bytes = Index{4} << 20;
  ArithmeticSettings arithmetic;
  bool overlap = true;  ///< see GradientEngineSettings::overlap
  Frozen frozen = {};   ///< parameters that stay as they are
  SparseExchange sparse_exchange = SparseExchange::automatic;
  /// Of a dictionary that is divided among ranks, else null; it outlives the stage.
  DictionaryShards* shards = nullptr;
  LocalStepSettings local = {};  ///< whose groups are those of the stage's ShardPlan
};

}  // namespace hourglass
