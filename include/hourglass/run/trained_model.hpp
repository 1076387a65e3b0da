#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hourglass/config/training_settings.hpp"
#include "hourglass/core/owned_matrix.hpp"

namespace hourglass {

struct Model;

/// Categories of samples by condition: of each condition one for all of them, or one for each. An
/// empty text, and a condition that is not named, is unknown.
using SampleConditions = std::map<std::string, std::vector<std::string>>;

/// How to compute; the defaults are those of `hourglass encode`.
struct InferenceSettings {
  /// Threads that share the micro-batches of one call, at least 1. No result depends on them.
  Index threads = 1;
  /// Samples of one matrix product; 0: as many as in training (the setting micro-batch). The last
  /// bits of a result depend on it.
  Index micro_batch = 0;
  /// The factor by which the values of the samples become like those of the training. 0: they are
  /// compared with those of the training, as the commands do: images divided by 255, or not, are
  /// converted, and values that cannot be the training's are refused. 1 takes them as they are.
  double data_scale = 0;
  /// Of models with conditions, for what takes samples or codes.
  SampleConditions conditions = {};
  /// reconstruct: the conditions whose categories the decoder is told in place of those above, as
  /// `hourglass reconstruct --set-condition`.
  SampleConditions decoder_conditions = {};
};

/// One epoch of the training that made a model; errors are per sample, summed over features.
struct EpochRecord {
  Index epoch = 0;  ///< from 1
  Index step = 0;   ///< updates made by its end
  double loss = 0;
  double squared_error = 0;
  std::optional<double> validation_squared_error;  ///< none without validation data
  double learning_rate = 0;
};

/// An autoencoder read from a model or checkpoint file: D features, codes of d units. A value,
/// cheap to copy: copies share the parameters, which never change.
///
/// Samples are given as they are in the data set that the model was trained on (pixels as 0 to 255
/// where that holds uint8) and normalised as in training, unless said otherwise. Rows are cut into
/// micro-batches from the first one, [k m, (k + 1) m), so results are the bits that
/// `hourglass encode`, `reconstruct` and `score` write for the same rows with the same micro-batch
/// (data sets of doubles or of integers of 32 bits and more lose bits when they become floats). A
/// short micro-batch is computed as a whole one. To get the same bits from parts of a data set on
/// every processor, cut it at multiples of the micro-batch.
///
/// Methods that compute are local and may be called by several threads at once; each call makes its
/// own threads and memory (4 bytes x micro-batch x about twice the sum of the layers' widths, per
/// thread), so few calls with many rows are faster than many calls with few. They throw Error(data)
/// when the matrix has not D (decode: d) columns, holds a NaN or infinity, naming the row, or
/// values that cannot be those of the training (InferenceSettings::data_scale), or for a category
/// that the model has not seen, and Error(usage) for impossible InferenceSettings.
class TrainedModel {
 public:
  /// Reads and verifies model.h5, a checkpoint, or another file of that form. Local. Throws
  /// Error(io) when it cannot be read, Error(data) when it is not a model or is damaged.
  [[nodiscard]] static TrainedModel load(const std::string& path);

  [[nodiscard]] Index features() const;         ///< D
  [[nodiscard]] Index code_size() const;        ///< d
  [[nodiscard]] Index parameter_count() const;  ///< trainable numbers
  /// The settings of the run that made it, with what the data decided filled in.
  [[nodiscard]] TrainingSettings settings() const;
  /// The epochs of that run, without those of layer-wise pretraining.
  [[nodiscard]] std::vector<EpochRecord> history() const;
  /// The conditions of its samples and their categories, those that occurred in training.
  [[nodiscard]] SampleConditions conditions() const;
  /// The weights digest, as `hourglass inspect` prints it: equal digests, equal parameters.
  [[nodiscard]] std::string digest() const;

  /// The samples of a data set of HDF5 as the methods below take them, compared with the data of
  /// the training as the commands do: features are put into the model's order by their names,
  /// images into its order of channels, values are converted where that is certain. Missing
  /// elements are NaN. Local. Throws as hourglass::read_samples(), and Error(data) for data that
  /// the model cannot be used on.
  [[nodiscard]] OwnedMatrix read_samples(const std::string& address) const;

  /// The samples (n x D) as the network sees them: (x / divisor - mean) / deviation (n x D). Here
  /// and below, the numbers of a sample have the order of the training data.
  [[nodiscard]] OwnedMatrix normalize(ConstMatrix samples,
                                      const InferenceSettings& settings = {}) const;
  /// Codes h = f(x) (n x d) of samples (n x D).
  [[nodiscard]] OwnedMatrix encode(ConstMatrix samples,
                                   const InferenceSettings& settings = {}) const;
  /// r(h) (n x D) of codes (n x d), in the units of normalize().
  [[nodiscard]] OwnedMatrix decode(ConstMatrix codes, const InferenceSettings& settings = {}) const;
  /// r(f(x)) (n x D) of samples (n x D), in the units of normalize().
  [[nodiscard]] OwnedMatrix reconstruct(ConstMatrix samples,
                                        const InferenceSettings& settings = {}) const;
  /// |r(f(x)) - x|^2 of each of n samples (n x D), in the units of normalize(), summed over
  /// features in their order in double: the anomaly score of `hourglass score`, but for models of
  /// counts, whose score is a likelihood.
  [[nodiscard]] std::vector<double> squared_errors(ConstMatrix samples,
                                                   const InferenceSettings& settings = {}) const;

  /// Writes a model file: the bytes of the model file that was read; of a checkpoint, the model
  /// without what resuming needs. The file appears whole or not at all. Local; needs an
  /// Environment. Throws Error(io).
  void save(const std::string& path) const;

 private:
  explicit TrainedModel(std::shared_ptr<const Model> model);

  std::shared_ptr<const Model> model_;
};

}  // namespace hourglass
