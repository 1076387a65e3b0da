#include "nn/image_windows.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// The place of a window's row in an image's row: `skipped` pixels of padding on the left, then
// `count` pixels from `first`.
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

// For the kernel's rows of one window: calls inside(place in the patch, place in the image, floats)
// for their parts inside the image and outside(place in the patch, floats) for the others.
template <class Inside, class Outside>
void for_each_kernel_row(const ImageWindows& w, Index y, Index x, Inside inside, Outside outside) {
  const Index channels = w.image.channels;
  const Index kernel_row = w.window.kernel.width * channels;
  const Overlap columns = overlap(x * w.window.stride.width - w.window.padding.width,
                                  w.window.kernel.width, w.image.width);
  for (Index i = 0; i < w.window.kernel.height; ++i) {
    const Index row = y * w.window.stride.height - w.window.padding.height + i;
    const Index at = i * kernel_row;
    if (row < 0 || row >= w.image.height || columns.count == 0) {
      outside(at, kernel_row);
      continue;
    }
    const Index begin = columns.skipped * channels;
    const Index count = columns.count * channels;
    outside(at, begin);
    inside(at + begin, (row * w.image.width + columns.first) * channels, count);
    outside(at + begin + count, kernel_row - begin - count);
  }
}

}  // namespace

void gather_patches(const ImageWindows& w, ConstMatrix images, Range rows, Matrix patches) {
  require(images.columns == w.image.size() && patches.columns == w.patch() &&
              patches.rows == rows.size() * w.grid.width,
          "patches that do not fit their images");
  float* patch = patches.data;
  for (Index row = rows.begin; row < rows.end; ++row) {
    const float* image = images.row(row / w.grid.height).data();
    const Index y = row % w.grid.height;
    for (Index x = 0; x < w.grid.width; ++x, patch += patches.stride) {
      for_each_kernel_row(
          w, y, x,
          [&](Index at, Index pixel, Index count) {
            for (Index i = 0; i < count; ++i) patch[at + i] = image[pixel + i];
          },
          [&](Index at, Index count) {
            for (Index i = 0; i < count; ++i) patch[at + i] = 0;
          });
    }
  }
}

void add_patches(const ImageWindows& w, ConstMatrix patches, Range rows, Matrix images) {
  require(images.columns == w.image.size() && patches.columns == w.patch() &&
              patches.rows == rows.size() * w.grid.width,
          "patches that do not fit their images");
  const float* patch = patches.data;
  for (Index row = rows.begin; row < rows.end; ++row) {
    float* image = images.row(row / w.grid.height).data();
    const Index y = row % w.grid.height;
    for (Index x = 0; x < w.grid.width; ++x, patch += patches.stride) {
      for_each_kernel_row(
          w, y, x,
          [&](Index at, Index pixel, Index count) {
            for (Index i = 0; i < count; ++i) image[pixel + i] += patch[at + i];
          },
          [](Index, Index) {});
    }
  }
}

void weights_to_patches(const ImageWindows& w, const float* weights, Matrix by_patch) {
  const Index channels = w.image.channels;
  const Index places = w.window.kernel.height * w.window.kernel.width;
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
  const Index places = w.window.kernel.height * w.window.kernel.width;
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
