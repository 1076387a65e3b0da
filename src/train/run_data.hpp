#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "data/normalization.hpp"
#include "data/sample_source.hpp"
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

  /// Opens the validation data, if any, checks that a model of so many features and its loss can
  /// be trained on the data, and derives the transform and the fingerprints.
  void prepare(const TrainConfig& config, Index features);

  [[nodiscard]] const DatasetReader& training() const { return *training_; }
  /// Null without validation data.
  [[nodiscard]] const DatasetReader* validation() const { return validation_.get(); }
  /// The weight of each training sample, 1 on average; empty: all 1. And of each validation sample,
  /// where these are rows held out.
  [[nodiscard]] std::span<const float> weights() const { return weights_; }
  [[nodiscard]] std::span<const float> validation_weights() const { return validation_weights_; }
  [[nodiscard]] const InputTransform& transform() const { return transform_; }
  /// A resumed run keeps the transform of its checkpoint.
  void set_transform(InputTransform transform) { transform_ = std::move(transform); }
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }
  /// "" without validation data.
  [[nodiscard]] const std::string& validation_fingerprint() const {
    return validation_fingerprint_;
  }

  /// This rank's shards of the training data.
  [[nodiscard]] std::unique_ptr<SampleSource> open_source(const ShardPlan& plan,
                                                          const TrainConfig& config) const;

 private:
  void read_weights(const TrainConfig& config);

  Communicator communicator_;
  std::unique_ptr<DatasetReader> training_;
  std::unique_ptr<DatasetReader> validation_;
  std::vector<float> weights_;
  std::vector<float> validation_weights_;
  InputTransform transform_;
  std::string fingerprint_;
  std::string validation_fingerprint_;
};

}  // namespace hourglass
