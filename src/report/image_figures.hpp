#pragma once

#include <string>
#include <vector>

#include "analysis/sample_study.hpp"
#include "nn/image_shape.hpp"
#include "report/code_figures.hpp"

namespace hourglass {

/// A picture for a page, and what it shows.
struct Figure {
  std::string html;
  std::string caption;
};

/// Samples of smallest, middle and largest error, each with its reconstruction below it: as images
/// where the model's samples are images, otherwise as curves over the features.
[[nodiscard]] std::vector<Figure> reconstruction_figures(const SampleStudy& study,
                                                         const ImageShape& shape);

/// What the decoder makes of the mean code when one unit walks from two standard deviations below
/// its mean to two above: a line a unit, those of largest deviation first.
[[nodiscard]] Figure traversal_figure(const Model& model, const SampleStudy& study,
                                      std::span<const UnitStatistics> units,
                                      const ImageShape& shape);
/// What the decoder makes of codes on the way from one sample's to another's: a line a pair.
[[nodiscard]] Figure interpolation_figure(const Model& model, const SampleStudy& study,
                                          const ImageShape& shape);

/// The incoming weights of first-layer units as images, those of largest norm first; nothing when
/// the first layer is none of images.
[[nodiscard]] std::vector<Figure> filter_figures(const Model& model, const ImageShape& shape);

}  // namespace hourglass
