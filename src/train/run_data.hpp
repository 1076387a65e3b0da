#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "data/normalization.hpp"
#include "data/row_correlation.hpp"
#include "data/sample_source.hpp"
#include "data/statistics.hpp"
#include "engine/matched_data.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// The data sets of a run, on every rank: readers, the conversion to network inputs, and
/// fingerprints by which a resumed run recognizes them. All methods but the accessors are
/// collective and throw the same Error on every rank.
class RunData {
 public:
  /// Opens the training data.
  RunData(const Communicator& communicator, const TrainConfig& config);

  /// The configuration completed from the training data (run/effective_config.hpp).
  [[nodiscard]] TrainConfig completed(const TrainConfig& config);

  /// Opens the validation data, if any, checks that a model of so many features and its loss can
  /// be trained on the data, and derives the transform, the identity, the fingerprints and the
  /// advice. The validation data are compared with the training data.
  void prepare(const TrainConfig& config, Index features);

  [[nodiscard]] const DatasetReader& training() const { return *training_; }
  /// Null without validation data.
  [[nodiscard]] const DatasetReader* validation() const { return validation_.reader.get(); }
  /// The weight of each training sample, 1 on average; empty: all 1. And of each validation sample,
  /// where these are rows held out.
  [[nodiscard]] std::span<const float> weights() const { return weights_; }
  [[nodiscard]] std::span<const float> validation_weights() const { return validation_weights_; }
  [[nodiscard]] const InputTransform& transform() const { return transform_; }
  /// The categories of each training sample and of each validation sample (read_conditions);
  /// empty: no conditions.
  [[nodiscard]] std::span<const std::int32_t> conditions() const { return conditions_; }
  [[nodiscard]] std::span<const std::int32_t> validation_conditions() const {
    return validation_conditions_;
  }
  /// Of the validation data, as they are stored.
  [[nodiscard]] const InputTransform& validation_transform() const { return validation_.transform; }
  /// A resumed run keeps the transform of its checkpoint.
  void set_transform(InputTransform transform);
  /// Of the training data, with their range.
  [[nodiscard]] const DataIdentity& identity() const { return identity_; }
  /// What was put right or assumed of the validation data, a line each.
  [[nodiscard]] const std::vector<std::string>& notes() const { return validation_.notes; }
  /// Notes on what is missing in the training data and on its counts; empty for other data.
  [[nodiscard]] const std::vector<std::string>& training_notes() const { return training_notes_; }
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }
  /// The fingerprint of a run on the first `rows` samples alone, which has no weights of samples.
  [[nodiscard]] std::string fingerprint_of_first(Index rows, const TrainConfig& config) const;
  /// "" without validation data.
  [[nodiscard]] const std::string& validation_fingerprint() const {
    return validation_fingerprint_;
  }

  /// Of runs whose code is sparse or whose network has a pre-bias: the mean of the training samples
  /// as the network takes them, and the mean of |x - mean|^2 over training and validation samples,
  /// each from at most enough_rows of them (data/statistics.hpp).
  [[nodiscard]] std::span<const float> centre() const { return centre_; }
  [[nodiscard]] double variance() const { return variance_; }
  [[nodiscard]] double validation_variance() const { return validation_variance_; }

  /// Lines about values that are unlikely to be meant; on the root only.
  [[nodiscard]] const std::vector<std::string>& advice() const { return advice_; }

  /// Of the training data; on the root only.
  [[nodiscard]] const RowCorrelation& correlation() const { return correlation_; }

  /// This rank's shards of the training data, which the ranks of `sharing` divide. Collective over
  /// all ranks.
  [[nodiscard]] std::unique_ptr<SampleSource> open_source(const Communicator& sharing,
                                                          const ShardPlan& plan,
                                                          const TrainConfig& config) const;

 private:
  [[nodiscard]] InputTransform measured_transform(const TrainConfig& config,
                                                  FeatureStatistics* statistics) const;
  void measure_spread(const TrainConfig& config);
  void read_weights(const TrainConfig& config, const DatasetReader* validation);
  void read_conditions(const TrainConfig& config, const DatasetReader* validation);
  void look_for_odd_values(const FeatureStatistics& statistics, const std::vector<double>& missing);
  void look_for_unfamiliar_values(const FeatureStatistics& statistics);

  Communicator communicator_;
  std::unique_ptr<DatasetReader> training_;
  MatchedData validation_;
  std::vector<float> weights_;
  std::vector<float> validation_weights_;
  FeatureStatistics statistics_;  // of completed(), where it needed them
  std::vector<std::int32_t> conditions_;
  std::vector<std::int32_t> validation_conditions_;
  InputTransform transform_;
  std::vector<float> centre_;
  double variance_ = 0;
  double validation_variance_ = 0;
  DataIdentity identity_;
  std::vector<std::string> training_notes_;
  std::string fingerprint_;
  std::string validation_fingerprint_;
  std::vector<std::string> advice_;
  RowCorrelation correlation_;
};

}  // namespace hourglass
