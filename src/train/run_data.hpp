#pragma once

#include <memory>
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
  [[nodiscard]] const InputTransform& transform() const { return transform_; }
  /// A resumed run keeps the transform of its checkpoint.
  void set_transform(InputTransform transform) { transform_ = std::move(transform); }
  /// Notes on what is missing in the training data; empty when --missing refuses it.
  [[nodiscard]] const std::vector<std::string>& missing_notes() const { return missing_notes_; }
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }
  /// "" without validation data.
  [[nodiscard]] const std::string& validation_fingerprint() const {
    return validation_fingerprint_;
  }

  /// This rank's shards of the training data.
  [[nodiscard]] std::unique_ptr<SampleSource> open_source(const ShardPlan& plan,
                                                          const TrainConfig& config) const;

 private:
  Communicator communicator_;
  std::unique_ptr<DatasetReader> training_;
  std::unique_ptr<DatasetReader> validation_;
  InputTransform transform_;
  std::vector<std::string> missing_notes_;
  std::string fingerprint_;
  std::string validation_fingerprint_;
};

}  // namespace hourglass
