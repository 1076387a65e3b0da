#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "data/labels.hpp"
#include "engine/worker_pool.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "optim/optimizer.hpp"
#include "optim/schedule.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// Settings of a probe.
struct ProbeSettings {
  bool fine_tune = false;  ///< the encoder is trained with the softmax; else its codes stay fixed
  bool standardize =
      true;  ///< frozen codes are standardised by the mean and deviation of the training codes
  double label_fraction = 1;  ///< share of each class whose labels are used, at least one sample of
                              ///< each; the others are not used
  OptimizerSettings optimizer;
  ScheduleSettings schedule;
  Index epochs = 30;
  Index batch = 256;
  Index micro_batch = 32;
  std::uint64_t seed = 1;
  Index memory = -1;  ///< as in TrainConfig
};

/// Samples with their labels.
struct LabelledData {
  const DatasetReader* reader = nullptr;
  InputTransform transform;          ///< of the stored values
  std::vector<std::int32_t> labels;  ///< of every row, 0 and up
  std::vector<float> weights;        ///< of every row, in the loss of training; empty: all 1
  /// Categories of every row, for a model with conditions (Model::row_conditions).
  std::vector<std::int32_t> conditions = {};
};

/// How well a probe predicts classes from codes.
struct ProbeResult {
  Index classes = 0;
  Index training_samples = 0;  ///< whose labels were used
  Index validation_samples = 0;
  double loss = 0;               ///< mean cross-entropy over the last epoch
  double training_accuracy = 0;  ///< over the last epoch, while training
  double accuracy = 0;           ///< on the validation samples
  std::vector<Index> confusion;  ///< classes x classes, row-major: validation samples of class r
                                 ///< predicted as class c
};

/// After each epoch, on every rank: number from 1, mean loss, accuracy while training.
using ProbeProgress = std::function<void(Index epoch, double loss, double accuracy)>;

/// Softmax regression on the codes of `model`, or, without one (nullptr), on the samples
/// themselves. A model with conditions is not fine-tuned: Error(usage). The same bits on any number
/// of ranks and threads. Collective; throws the same Error on every rank.
[[nodiscard]] ProbeResult probe(const Communicator& communicator, const Model* model,
                                const LabelledData& training, const LabelledData& validation,
                                const ProbeSettings& settings, WorkerPool& pool,
                                const ProbeProgress& progress);

/// Throws Error(usage) naming the setting that is out of range.
void check_probe(const ProbeSettings& settings);

/// Labels as classes. Throws Error(data) naming the row of a negative label, or of one beyond 4095.
[[nodiscard]] std::vector<std::int32_t> class_labels(const Labels& labels);

/// The rows whose labels are used, in order: of each class, the first round(fraction * count), at
/// least 1, of a permutation that is a function of (seed, class).
[[nodiscard]] std::vector<Index> stratified_subset(std::span<const std::int32_t> labels,
                                                   double fraction, std::uint64_t seed);

}  // namespace hourglass
