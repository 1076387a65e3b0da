#include "nn/image_windows.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// The place of a window along one axis of an image: `skipped` places of padding before it, then
// `count` places from `first`.
struct Overlap {
  Index first;
  Index skipped;
  Index count;
};

Overlap overlap(Index begin, Index size, Index extent) {
  const Index skipped = std::clamp<Index>(-begin, 0, size);
  const Index end = std::min(begin + size, extent);
  return {begin + skipped, skipped, std::max<Index>(0, end - begin - skipped)};
}

// The positions of one row of the grid that a range holds: a row has grid.width of them.
struct RowOfGrid {
  Index sample;
  Index z;
  Index y;
  Range x;
};

// For the kernel's rows of one window: calls inside(place in the patch, place in the image, floats)
// for their parts inside the image and outside(place in the patch, floats) for the others. Without
// depth, the loop over it costs small kernels some percent of their time.
template <bool HasDepth, class Inside, class Outside>
void for_each_kernel_row(const ImageWindows& w, const RowOfGrid& at, Index x, Inside inside,
                         Outside outside) {
  const Extents& kernel = w.window.kernel;
  const Index channels = w.image.channels;
  const Index kernel_row = kernel.width * channels;
  const Overlap columns =
      overlap(x * w.window.stride.width - w.window.padding.width, kernel.width, w.image.width);
  const Index first_row = at.y * w.window.stride.height - w.window.padding.height;
  const Index first_layer = HasDepth ? at.z * w.window.stride.depth - w.window.padding.depth : 0;
  const Index layers = HasDepth ? kernel.depth : 1;
  const Index begin = columns.skipped * channels;
  const Index count = columns.count * channels;
  for (Index k = 0; k < layers; ++k) {
    const Index layer = first_layer + k;
    const bool outside_depth = HasDepth && (layer < 0 || layer >= w.image.depth);
    for (Index i = 0; i < kernel.height; ++i) {
      const Index row = first_row + i;
      const Index place = (k * kernel.height + i) * kernel_row;
      if (outside_depth || row < 0 || row >= w.image.height || columns.count == 0) {
        outside(place, kernel_row);
        continue;
      }
      outside(place, begin);
      inside(place + begin,
             ((layer * w.image.height + row) * w.image.width + columns.first) * channels, count);
      outside(place + begin + count, kernel_row - begin - count);
    }
  }
}

// Calls visit(row of the grid) for the rows that hold the positions, in order.
template <class Visit>
void for_each_grid_row(const ImageWindows& w, Range positions, Visit visit) {
  for (Index at = positions.begin; at < positions.end;) {
    const Index row = at / w.grid.width;
    const Index begin = row * w.grid.width;
    const Index end = std::min(begin + w.grid.width, positions.end);
    const Index layer = row / w.grid.height;
    visit(RowOfGrid{layer / w.grid.depth,
                    layer % w.grid.depth,
                    row % w.grid.height,
                    {at - begin, end - begin}});
    at = end;
  }
}

void require_fitting(const ImageWindows& w, ConstMatrix images, Range positions,
                     ConstMatrix patches) {
  require(images.columns == w.image.size() && patches.columns == w.patch() &&
              patches.rows == positions.size(),
          "patches that do not fit their images");
}

}  // namespace

namespace {

bool has_depth(const ImageWindows& w) { return w.window.dimensions > 2; }

template <bool HasDepth>
void gather(const ImageWindows& w, ConstMatrix images, Range positions, Matrix patches) {
  float* patch = patches.data;
  for_each_grid_row(w, positions, [&](const RowOfGrid& at) {
    const float* image = images.row(at.sample).data();
    for (Index x = at.x.begin; x < at.x.end; ++x, patch += patches.stride) {
      for_each_kernel_row<HasDepth>(
          w, at, x,
          [&](Index place, Index pixel, Index count) {
            for (Index i = 0; i < count; ++i) patch[place + i] = image[pixel + i];
          },
          [&](Index place, Index count) {
            for (Index i = 0; i < count; ++i) patch[place + i] = 0;
          });
    }
  });
}

template <bool HasDepth>
void add(const ImageWindows& w, ConstMatrix patches, Range positions, Matrix images) {
  const float* patch = patches.data;
  for_each_grid_row(w, positions, [&](const RowOfGrid& at) {
    float* image = images.row(at.sample).data();
    for (Index x = at.x.begin; x < at.x.end; ++x, patch += patches.stride) {
      for_each_kernel_row<HasDepth>(
          w, at, x,
          [&](Index place, Index pixel, Index count) {
            for (Index i = 0; i < count; ++i) image[pixel + i] += patch[place + i];
          },
          [](Index, Index) {});
    }
  });
}

}  // namespace

void gather_patches(const ImageWindows& w, ConstMatrix images, Range positions, Matrix patches) {
  require_fitting(w, images, positions, patches);
  has_depth(w) ? gather<true>(w, images, positions, patches)
               : gather<false>(w, images, positions, patches);
}

void add_patches(const ImageWindows& w, ConstMatrix patches, Range positions, Matrix images) {
  require_fitting(w, images, positions, patches);
  has_depth(w) ? add<true>(w, patches, positions, images)
               : add<false>(w, patches, positions, images);
}

void weights_to_patches(const ImageWindows& w, const float* weights, Matrix by_patch) {
  const Index channels = w.image.channels;
  const Index places = w.window.kernel.product();
  for (Index a = 0; a < by_patch.rows; ++a) {
    const float* from = weights + a * channels * places;
    float* to = by_patch.row(a).data();
    for (Index c = 0; c < channels; ++c) {
      for (Index place = 0; place < places; ++place)
        to[place * channels + c] = from[c * places + place];
    }
  }
}

void weights_from_patches(const ImageWindows& w, ConstMatrix by_patch, bool add, float* weights) {
  const Index channels = w.image.channels;
  const Index places = w.window.kernel.product();
  for (Index a = 0; a < by_patch.rows; ++a) {
    const float* from = by_patch.row(a).data();
    float* to = weights + a * channels * places;
    for (Index c = 0; c < channels; ++c) {
      for (Index place = 0; place < places; ++place) {
        const float value = from[place * channels + c];
        to[c * places + place] = add ? to[c * places + place] + value : value;
      }
    }
  }
}

}  // namespace hourglass
