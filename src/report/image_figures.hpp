#pragma once

#include <string>
#include <vector>

#include "analysis/sample_study.hpp"
#include "nn/image_shape.hpp"
#include "report/code_figures.hpp"

namespace hourglass {

/// A picture for a page and its caption.
struct Figure {
  std::string html;
  std::string caption;
};

/// Whether samples of so many features are images, or volumes, of which the middle layer is shown.
[[nodiscard]] bool is_drawable(const ImageShape& shape, Index features);

/// Samples of smallest, middle and largest error, each with its reconstruction below it: as images
/// where the model's samples are images, otherwise as curves over the features, or of a series over
/// the times, a figure for each of its first channels.
[[nodiscard]] std::vector<Figure> reconstruction_figures(const SampleStudy& study,
                                                         const ImageShape& shape);

/// Decoded codes in which one unit goes from two standard deviations below its mean to two above
/// and the others stay at their means: one line per unit, those of largest deviation first.
[[nodiscard]] Figure traversal_figure(const Model& model, const SampleStudy& study,
                                      std::span<const UnitStatistics> units,
                                      const ImageShape& shape);
/// Decoded codes on the straight line from one sample's code to another's: one line per pair.
[[nodiscard]] Figure interpolation_figure(const Model& model, const SampleStudy& study,
                                          const ImageShape& shape);

/// The incoming weights of first-layer units as images, those of largest norm first: of a
/// convolution its kernels; empty when the inputs of the first layer are not images.
[[nodiscard]] std::vector<Figure> filter_figures(const Model& model, const ImageShape& shape);

}  // namespace hourglass
