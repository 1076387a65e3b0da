#include "run/effective_config.hpp"

#include "engine/training_data.hpp"
#include "run/feature_weights.hpp"
#include "run/table_columns.hpp"

namespace hourglass {

TrainConfig effective_config(const Communicator& communicator, const TrainConfig& config,
                             const DatasetReader& data) {
  TrainConfig result = with_table_columns(
      communicator, with_feature_weights(communicator, with_image_shape(config, data.info()), data),
      data.info());
  collectively(communicator, [&] { const Autoencoder sensible(result.model); });
  return result;
}

}  // namespace hourglass
