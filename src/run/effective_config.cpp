#include "run/effective_config.hpp"

#include <utility>

#include "data/paired_samples.hpp"
#include "data/sample_conditions.hpp"
#include "engine/sample_layout.hpp"
#include "run/count_settings.hpp"
#include "run/feature_weights.hpp"
#include "run/model_origin.hpp"
#include "run/table_columns.hpp"

namespace hourglass {

TrainConfig effective_config(const Communicator& communicator, const TrainConfig& config,
                             const DatasetReader& data, FeatureStatistics* measured) {
  TrainConfig result = with_table_columns(
      communicator,
      with_feature_weights(communicator, with_sample_layout(config, data.info()), data),
      data.info());
  collectively(communicator, [&] { result.model.target_features = target_features(data.info()); });
  result = with_counts(communicator, std::move(result), data);
  if (result.model.missing == Missing::mask) {
    result.model.missing_means =
        missing_means(communicator, data, result.normalize, missing_values(result), measured);
  }
  if (!result.condition.empty()) {
    collectively(communicator, [&] {
      result.model.conditions = joined_conditions(
          find_conditions(result.condition, data.info(), result.unknown_condition),
          result.origin.conditions);
    });
  }
  collectively(communicator, [&] { const Autoencoder sensible(result.model); });
  return result;
}

}  // namespace hourglass
