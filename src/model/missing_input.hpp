#pragma once

#include <span>
#include <vector>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// Samples with missing elements on their way into an autoencoder that masks them. A missing
/// element is a NaN in `samples` (rows x D). The network sees the feature's mean in its place and,
/// with an indicator, for each element one more input: 1 where it is missing, 0 where it is there.
/// These follow the D elements or, when the first layer is a convolution, are further channels of
/// the pixel.
class MissingInput {
 public:
  /// On samples of `features` elements with these `means`, as normalised (empty: all 0).
  /// `indicator_group` is the number of elements that are followed by their indicators: D or the
  /// channels of a pixel; 0: no indicator.
  MissingInput(Index features, std::vector<float> means, Index indicator_group);

  [[nodiscard]] Index features() const { return features_; }
  /// Inputs of the network: D, or 2 D with an indicator.
  [[nodiscard]] Index width() const { return indicator() ? 2 * features_ : features_; }
  [[nodiscard]] bool indicator() const { return group_ > 0; }

  /// Floats of scratch memory that network_input() needs for `rows` samples.
  [[nodiscard]] Index scratch_floats(Index rows) const;
  /// The network's input for samples (rows x D), living in `scratch`.
  [[nodiscard]] ConstMatrix network_input(ConstMatrix samples, std::span<float> scratch) const;

  /// Writes the samples with means for missing elements, and `present` (rows x D): 1 where an
  /// element is there and 0 where it is missing.
  void split(ConstMatrix samples, Matrix values, Matrix present) const;
  /// Means for the missing elements of `samples`, in place.
  void fill(Matrix samples) const;
  /// Puts the means back where an element is missing, after noise on `values`.
  void restore_means(ConstMatrix present, Matrix values) const;
  /// The network's input with an indicator (rows x 2 D).
  void join(ConstMatrix values, ConstMatrix present, Matrix input) const;

 private:
  [[nodiscard]] float mean(Index feature) const {
    return means_.empty() ? 0.0F : means_[static_cast<std::size_t>(feature)];
  }

  Index features_;
  std::vector<float> means_;  // empty: all 0
  Index group_;
};

}  // namespace hourglass
