#pragma once

#include <vector>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

struct PlanePoint {
  double x = 0;
  double y = 0;
};

/// Rows of `codes` (n x d) in the plane of their two directions of largest variance, centred. With
/// d = 1 all y are 0; with d = 2 the codes are returned unchanged.
[[nodiscard]] std::vector<PlanePoint> principal_plane(ConstMatrix codes);

struct TsneSettings {
  double perplexity = 30;  ///< effective number of neighbours; at most (n - 1) / 3 is used
  Index iterations = 750;
};

/// t-SNE of rows (n x d): points in the plane whose neighbourhoods resemble those of the rows (van
/// der Maaten & Hinton 2008), by the exact gradient, O(n^2) per iteration. It starts from the
/// principal plane, not from noise, so that the result is a function of the input.
[[nodiscard]] std::vector<PlanePoint> tsne(ConstMatrix rows, const TsneSettings& settings = {});

}  // namespace hourglass
