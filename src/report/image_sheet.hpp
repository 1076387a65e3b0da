#pragma once

#include "formats/image.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "nn/image_shape.hpp"

namespace hourglass {

/// Rows of `samples` (each shape.size() long, row-major H x W x C) as images side by side,
/// `columns` per line, one pixel apart. Values from `low` to `high` become black to white; others
/// are clipped. Three channels are shown as colours, otherwise the first one is shown in grey; of a
/// volume, the middle layer.
[[nodiscard]] DecodedImage image_sheet(ConstMatrix samples, const ImageShape& shape, Index columns,
                                       float low, float high);

}  // namespace hourglass
