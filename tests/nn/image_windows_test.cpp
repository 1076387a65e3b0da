// Patches of images against their definition, and their transposed operation against the products
// that define it.
#include "nn/image_windows.hpp"

#include <gtest/gtest.h>

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
      Window window;
      window.kernel = {3, 4};
      window.stride = {stride, stride};
      window.padding = {padding, padding};
      const ImageShape image{5, 6, 2};
      const Extents grid = {(image.height + 2 * padding - 3) / stride + 1,
                            (image.width + 2 * padding - 4) / stride + 1};
      result.push_back({image, grid, window});
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

// The number under element (i, j, channel) of the window at (y, x).
float under(const ImageWindows& w, ConstMatrix images, Index sample, Index y, Index x, Index i,
            Index j, Index channel) {
  const Index row = y * w.window.stride.height - w.window.padding.height + i;
  const Index column = x * w.window.stride.width - w.window.padding.width + j;
  if (row < 0 || column < 0 || row >= w.image.height || column >= w.image.width) return 0;
  return images(sample, (row * w.image.width + column) * w.image.channels + channel);
}

TEST(GatherPatches, are_the_numbers_under_each_window) {
  for (const ImageWindows& w : cases()) {
    const auto pixels = random_numbers(samples * w.image.size(), 1);
    const ConstMatrix images(pixels.data(), samples, w.image.size());
    // Rows of the grid that begin and end within samples.
    const Range rows{1, samples * w.grid.height - 1};
    std::vector<float> memory(static_cast<std::size_t>(rows.size() * w.grid.width * w.patch()),
                              9.0F);
    const Matrix patches(memory.data(), rows.size() * w.grid.width, w.patch());
    gather_patches(w, images, rows, patches);
    for (Index row = rows.begin; row < rows.end; ++row) {
      for (Index x = 0; x < w.grid.width; ++x) {
        const auto patch = patches.row((row - rows.begin) * w.grid.width + x);
        std::size_t at = 0;
        for (Index i = 0; i < w.window.kernel.height; ++i) {
          for (Index j = 0; j < w.window.kernel.width; ++j) {
            for (Index channel = 0; channel < w.image.channels; ++channel, ++at) {
              ASSERT_EQ(patch[at], under(w, images, row / w.grid.height, row % w.grid.height, x, i,
                                         j, channel));
            }
          }
        }
      }
    }
  }
}

// <P(x), p> = <x, P^T(p)> for all x and p.
TEST(AddPatches, is_the_transposed_operation) {
  for (const ImageWindows& w : cases()) {
    const Range rows{0, samples * w.grid.height};
    const Index count = rows.size() * w.grid.width;
    const auto pixels = random_numbers(samples * w.image.size(), 2);
    const auto numbers = random_numbers(count * w.patch(), 3);
    std::vector<float> gathered(numbers.size());
    std::vector<float> added(pixels.size(), 0.0F);
    gather_patches(w, {pixels.data(), samples, w.image.size()}, rows,
                   {gathered.data(), count, w.patch()});
    add_patches(w, {numbers.data(), count, w.patch()}, rows,
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
  const ImageWindows w = cases().front();
  constexpr Index out = 4;
  const Index places = 12;
  const auto weights = random_numbers(out * w.patch(), 4);
  std::vector<float> by_patch(weights.size());
  const Matrix patches(by_patch.data(), out, w.patch());
  weights_to_patches(w, weights.data(), patches);
  for (Index a = 0; a < out; ++a) {
    for (Index channel = 0; channel < 2; ++channel) {
      for (Index place = 0; place < places; ++place) {
        EXPECT_EQ(patches(a, place * 2 + channel),
                  weights[static_cast<std::size_t>((a * 2 + channel) * places + place)]);
      }
    }
  }
  std::vector<float> back(weights.size(), 1.0F);
  weights_from_patches(w, patches, false, back.data());
  EXPECT_EQ(back, weights);
  weights_from_patches(w, patches, true, back.data());
  for (std::size_t i = 0; i < back.size(); ++i) EXPECT_EQ(back[i], weights[i] + weights[i]);
}

TEST(Patches, of_another_shape_are_a_bug) {
  const ImageWindows w = cases().front();
  std::vector<float> memory(1000);
  const Range row{0, 1};
  const Matrix images(memory.data(), 1, w.image.size());
  EXPECT_THROW(gather_patches(w, images, row, {memory.data(), w.grid.width, w.patch() + 1}), Error);
  EXPECT_THROW(add_patches(w, {memory.data(), w.grid.width + 1, w.patch()}, row, images), Error);
}

}  // namespace
}  // namespace hourglass
