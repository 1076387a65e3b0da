#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/buffer.hpp"
#include "hdf5/hdf5.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// How well a feature, or a column of a table, is reconstructed.
struct StudiedFeature {
  std::string name;
  double rmse = 0;   ///< root of the mean squared error, in the units of the data (dates: seconds)
  double bias = 0;   ///< mean of reconstruction minus value, in the same
  double share = 0;  ///< of the squared error of the network's units
  /// Category and boolean: the share of samples whose reconstruction is another one, instead of
  /// error and bias.
  std::optional<double> wrong = std::nullopt;
};

/// Codes, reconstructions and errors of some samples of a data set.
struct SampleStudy {
  std::string data;                           ///< the data set's address
  Index available = 0;                        ///< samples in the data set
  std::vector<Index> rows;                    ///< evenly spaced; their numbers by RowNumbers
  Buffer<float> originals;                    ///< n x D, normalised: what is reconstructed
  Buffer<float> reconstructions;              ///< n x D
  Buffer<float> codes;                        ///< n x d
  std::vector<double> errors;                 ///< squared error of each, summed over features
  std::vector<std::int64_t> labels;           ///< one per sample; empty without labels
  std::vector<std::string> class_names = {};  ///< of label 0, 1, ...; empty: their numbers
  std::string label_remark = {};  ///< why something beside the samples is not their labels
  /// By feature, or column of a table; empty where neither data nor model name them.
  std::vector<StudiedFeature> by_feature = {};
  Index features = 0;
  Index code_size = 0;

  [[nodiscard]] std::string name_of(std::int64_t label) const;
  [[nodiscard]] Index size() const { return static_cast<Index>(rows.size()); }
  [[nodiscard]] ConstMatrix originals_view() const { return {originals.data(), size(), features}; }
  [[nodiscard]] ConstMatrix reconstructions_view() const {
    return {reconstructions.data(), size(), features};
  }
  [[nodiscard]] ConstMatrix codes_view() const { return {codes.data(), size(), code_size}; }
  /// Numbers 0..n-1 of the samples, smallest error first.
  [[nodiscard]] std::vector<Index> by_error() const;
};

/// Encodes and reconstructs at most `count` samples, evenly spaced over the data set. Labels are
/// read from `labels`, or from the data set `labels` beside the samples when it is empty. A
/// `transform` stands for the model's where the data are stored in another way. Throws as
/// DatasetReader and read_labels do, and Error(data) when the samples do not fit the model.
[[nodiscard]] SampleStudy study_samples(const Model& model, const DatasetReader& reader,
                                        Index count,
                                        const std::optional<DatasetAddress>& labels = std::nullopt,
                                        const InputTransform* transform = nullptr);

}  // namespace hourglass
