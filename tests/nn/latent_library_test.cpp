#include "nn/latent_library.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 3;
constexpr Index width = 2;

struct Trial {
  void forward() {
    layer.forward(nullptr, {x.data(), rows, width + 1}, {y.data(), rows, width}, scratch, {});
  }
  std::vector<float> backward() {
    std::vector<float> dx(x.size());
    layer.backward(nullptr, {x.data(), rows, width + 1}, {}, {dy.data(), rows, width},
                   {dx.data(), rows, width + 1}, nullptr, scratch, {});
    return dx;
  }

  LatentLibrary layer{width, {0.25, 0.5}};
  // The library of the last row is beyond the bound.
  std::vector<float> x = {1, 2, 0.5F, 3, 4, -1, 5, 6, 40};
  std::vector<float> y = std::vector<float>(rows * width);
  std::vector<float> dy = {7, 8, 9, 10, 11, 12};
  std::vector<float> scratch = std::vector<float>(2 * rows, -1.0F);
};

TEST(LatentLibrary, keeps_the_code_and_makes_size_factors_of_the_last_unit) {
  Trial trial;
  ASSERT_EQ(trial.layer.inputs(), width + 1);
  ASSERT_EQ(trial.layer.outputs(), width);
  ASSERT_EQ(trial.layer.scratch_per_row() * rows, static_cast<Index>(trial.scratch.size()));
  trial.forward();
  EXPECT_EQ(trial.y, std::vector<float>({1, 2, 3, 4, 5, 6}));
  const auto sizes = LatentLibrary::sizes(trial.scratch);
  ASSERT_EQ(sizes.size(), 3U);
  EXPECT_FLOAT_EQ(sizes[0], std::exp(0.5F));
  EXPECT_FLOAT_EQ(sizes[1], std::exp(-0.25F));
  EXPECT_FLOAT_EQ(sizes[2], std::exp(10.25F));
}

TEST(LatentLibrary, gradient_is_the_losses) {
  Trial trial;
  trial.forward();
  // Nobody has put a gradient there.
  EXPECT_EQ(trial.backward(), std::vector<float>({7, 8, 0, 9, 10, 0, 11, 12, 0}));
  const auto by_size = LatentLibrary::size_gradient(trial.scratch);
  for (std::size_t r = 0; r < by_size.size(); ++r) by_size[r] = static_cast<float>(r + 2);
  EXPECT_EQ(trial.backward(), std::vector<float>({7, 8, 1, 9, 10, 1.5F, 11, 12, 0}));
}

TEST(LatentLibrary, names) {
  for (const LibrarySize size : {LibrarySize::observed, LibrarySize::latent})
    EXPECT_EQ(library_size_from(name_of(size)), size);
  EXPECT_THROW((void)library_size_from("hidden"), Error);
}

}  // namespace
}  // namespace hourglass
