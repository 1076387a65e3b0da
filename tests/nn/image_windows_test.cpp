// Patches of images against their definition, and their transposed operation against the products
// that define it.
#include "nn/image_windows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

constexpr Index samples = 3;

std::vector<ImageWindows> cases() {
  std::vector<ImageWindows> result;
  for (const Index stride : {1, 2, 3}) {
    for (const Index padding : {0, 1, 2}) {
      const auto along = [&](Index extent, Index kernel) {
        return (extent + 2 * padding - kernel) / stride + 1;
      };
      Window window;
      window.kernel = {3, 4};
      window.stride = {stride, stride};
      window.padding = {padding, padding};
      result.push_back({ImageShape{5, 6, 2}, {along(5, 3), along(6, 4)}, window});
      window.kernel.depth = 2;
      window.stride.depth = stride;
      window.padding.depth = std::min<Index>(padding, 1);
      window.dimensions = 3;
      const Index layers = (4 + 2 * window.padding.depth - 2) / stride + 1;
      result.push_back(
          {ImageShape::volume({5, 6, 4}, 2), {along(5, 3), along(6, 4), layers}, window});
      Window series;
      series.dimensions = 1;
      series.kernel.width = 4;
      series.stride.width = stride;
      series.padding.width = padding;
      result.push_back({ImageShape::series(11, 3), {1, along(11, 4)}, series});
    }
  }
  return result;
}

std::vector<float> random_numbers(Index size, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> unit(-1, 1);
  std::vector<float> values(static_cast<std::size_t>(size));
  for (float& value : values) value = unit(random);
  return values;
}

// The number under element (k, i, j, channel) of the window at (z, y, x).
float under(const ImageWindows& w, ConstMatrix images, Index position, const Extents& place,
            Index channel) {
  const Index x = position % w.grid.width;
  const Index y = position / w.grid.width % w.grid.height;
  const Index z = position / (w.grid.width * w.grid.height) % w.grid.depth;
  const Index layer = z * w.window.stride.depth - w.window.padding.depth + place.depth;
  const Index row = y * w.window.stride.height - w.window.padding.height + place.height;
  const Index column = x * w.window.stride.width - w.window.padding.width + place.width;
  const bool inside = layer >= 0 && layer < w.image.depth && row >= 0 && row < w.image.height &&
                      column >= 0 && column < w.image.width;
  if (!inside) return 0;
  return images(
      position / w.positions(),
      ((layer * w.image.height + row) * w.image.width + column) * w.image.channels + channel);
}

TEST(GatherPatches, are_the_numbers_under_each_window) {
  for (const ImageWindows& w : cases()) {
    const auto pixels = random_numbers(samples * w.image.size(), 1);
    const ConstMatrix images(pixels.data(), samples, w.image.size());
    // Positions that begin and end within samples and within rows of the grid.
    const Range positions{1, samples * w.positions() - 1};
    std::vector<float> memory(static_cast<std::size_t>(positions.size() * w.patch()), 9.0F);
    const Matrix patches(memory.data(), positions.size(), w.patch());
    gather_patches(w, images, positions, patches);
    for (Index position = positions.begin; position < positions.end; ++position) {
      const auto patch = patches.row(position - positions.begin);
      std::size_t at = 0;
      for (Index k = 0; k < w.window.kernel.depth; ++k) {
        for (Index i = 0; i < w.window.kernel.height; ++i) {
          for (Index j = 0; j < w.window.kernel.width; ++j) {
            for (Index channel = 0; channel < w.image.channels; ++channel, ++at)
              ASSERT_EQ(patch[at], under(w, images, position, {i, j, k}, channel));
          }
        }
      }
    }
  }
}

// <P(x), p> = <x, P^T(p)> for all x and p.
TEST(AddPatches, is_the_transposed_operation) {
  for (const ImageWindows& w : cases()) {
    const Range positions{0, samples * w.positions()};
    const Index count = positions.size();
    const auto pixels = random_numbers(samples * w.image.size(), 2);
    const auto numbers = random_numbers(count * w.patch(), 3);
    std::vector<float> gathered(numbers.size());
    std::vector<float> added(pixels.size(), 0.0F);
    gather_patches(w, {pixels.data(), samples, w.image.size()}, positions,
                   {gathered.data(), count, w.patch()});
    add_patches(w, {numbers.data(), count, w.patch()}, positions,
                {added.data(), samples, w.image.size()});
    double left = 0;
    double right = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i)
      left += static_cast<double>(gathered[i]) * static_cast<double>(numbers[i]);
    for (std::size_t i = 0; i < pixels.size(); ++i)
      right += static_cast<double>(pixels[i]) * static_cast<double>(added[i]);
    EXPECT_NEAR(left, right, 1e-4);
  }
}

TEST(WeightsToPatches, and_back) {
  for (const ImageWindows& w : cases()) {
    constexpr Index out = 4;
    const Index places = w.window.kernel.product();
    const Index channels = w.image.channels;
    const auto weights = random_numbers(out * w.patch(), 4);
    std::vector<float> by_patch(weights.size());
    const Matrix patches(by_patch.data(), out, w.patch());
    weights_to_patches(w, weights.data(), patches);
    for (Index a = 0; a < out; ++a) {
      for (Index channel = 0; channel < channels; ++channel) {
        for (Index place = 0; place < places; ++place) {
          EXPECT_EQ(patches(a, place * channels + channel),
                    weights[static_cast<std::size_t>((a * channels + channel) * places + place)]);
        }
      }
    }
    std::vector<float> back(weights.size(), 1.0F);
    weights_from_patches(w, patches, false, back.data());
    EXPECT_EQ(back, weights);
    weights_from_patches(w, patches, true, back.data());
    for (std::size_t i = 0; i < back.size(); ++i) EXPECT_EQ(back[i], weights[i] + weights[i]);
  }
}

TEST(Patches, of_another_shape_are_a_bug) {
  const ImageWindows w = cases().front();
  std::vector<float> memory(1000);
  const Range row{0, 1};
  const Matrix images(memory.data(), 1, w.image.size());
  EXPECT_THROW(gather_patches(w, images, row, {memory.data(), 1, w.patch() + 1}), Error);
  EXPECT_THROW(add_patches(w, {memory.data(), 2, w.patch()}, row, images), Error);
}

}  // namespace
}  // namespace hourglass
