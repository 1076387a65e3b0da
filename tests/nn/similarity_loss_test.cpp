// Losses of whole samples against their definitions in double.
#include "nn/similarity_loss.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "hourglass/core/error.hpp"
#include "nn/loss.hpp"
#include "nn/loss_batch.hpp"
#include "nn/reference.hpp"

namespace hourglass {
namespace {

using test::Batch;

double cosine_reference(const std::vector<double>& x, const std::vector<double>& y,
                        const std::vector<double>& weights) {
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += weights[i] * x[i] * y[i];
    xx += weights[i] * x[i] * x[i];
    yy += weights[i] * y[i] * y[i];
  }
  return 1 - xy / std::sqrt(xx * yy);
}

double ssim_reference(const ImageShape& image, const std::vector<double>& x,
                      const std::vector<double>& y, const std::vector<double>& weights) {
  double total = 0;
  double windows = 0;
  const Index h = std::min<Index>(7, image.height);
  const Index w = std::min<Index>(7, image.width);
  for (Index k = 0; k < image.channels; ++k) {
    for (Index top = 0; top + h <= image.height; ++top) {
      for (Index left = 0; left + w <= image.width; ++left) {
        std::vector<double> a;
        std::vector<double> b;
        double weight = 0;
        for (Index r = top; r < top + h; ++r) {
          for (Index c = left; c < left + w; ++c) {
            a.push_back(x[static_cast<std::size_t>((r * image.width + c) * image.channels + k)]);
            b.push_back(y[static_cast<std::size_t>((r * image.width + c) * image.channels + k)]);
            weight += weights[static_cast<std::size_t>((r * image.width + c) * image.channels + k)];
          }
        }
        const auto n = static_cast<double>(a.size());
        const double ma = std::accumulate(a.begin(), a.end(), 0.0) / n;
        const double mb = std::accumulate(b.begin(), b.end(), 0.0) / n;
        double va = 0;
        double vb = 0;
        double cov = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
          va += (a[i] - ma) * (a[i] - ma) / n;
          vb += (b[i] - mb) * (b[i] - mb) / n;
          cov += (a[i] - ma) * (b[i] - mb) / n;
        }
        total += weight * (2 * ma * mb + 1e-4) * (2 * cov + 9e-4) /
                 ((ma * ma + mb * mb + 1e-4) * (va + vb + 9e-4));
        windows += weight;
      }
    }
  }
  return 1 - total / windows;
}

void expect_sample_loss(Loss loss, const ImageShape& image, Activation output,
                        bool weighted = false) {
  Batch batch(2, image.size());
  const Batch before = batch;
  LossOptions options;
  options.image = image;
  std::vector<float> weights(static_cast<std::size_t>(image.size()), 1.0F);
  for (std::size_t i = 0; weighted && i < weights.size(); ++i)
    weights[i] = 0.3F * static_cast<float>(i % 5);
  const std::vector<double> exact_weights(weights.begin(), weights.end());
  if (weighted) options.weights = ConstMatrix(weights.data(), 1, image.size(), 0);
  std::vector<float> scratch(
      static_cast<std::size_t>(loss_scratch_floats(loss, output, image.size())));
  options.scratch = scratch;
  const float scale = 0.5F;
  const LossSums sums =
      loss_and_gradient(loss, output, true, scale, batch.x, batch.z, batch.g, options);
  double expected = 0;
  for (Index r = 0; r < 2; ++r) {
    const auto size = static_cast<std::size_t>(image.size());
    const std::vector<double> x(before.target.begin() + r * image.size(),
                                before.target.begin() + (r + 1) * image.size());
    std::vector<double> z(before.logits.begin() + r * image.size(),
                          before.logits.begin() + (r + 1) * image.size());
    const auto value = [&] {
      std::vector<double> y(size);
      for (std::size_t i = 0; i < size; ++i) y[i] = reference::activation(output, z[i]);
      return loss == Loss::cosine ? cosine_reference(x, y, exact_weights)
                                  : ssim_reference(image, x, y, exact_weights);
    };
    expected += value();
    for (std::size_t i = 0; i < size; ++i) {
      const double middle = z[i];
      const double h = 1e-5;
      z[i] = middle + h;
      const double above = value();
      z[i] = middle - h;
      const double below = value();
      z[i] = middle;
      ASSERT_NEAR(batch.g(r, static_cast<Index>(i)), 0.5 * (above - below) / (2 * h), 2e-7)
          << "row " << r << " component " << i;
    }
  }
  EXPECT_NEAR(sums.loss, expected, 1e-6 * expected);
}

TEST(SampleLoss, cosine_equals_its_definition) {
  for (const Activation output : {Activation::sigmoid, Activation::linear, Activation::gelu}) {
    expect_sample_loss(Loss::cosine, {1, 37, 1}, output);
    expect_sample_loss(Loss::cosine, {1, 37, 1}, output, true);
  }
}

TEST(SampleLoss, ssim_equals_its_definition) {
  for (const ImageShape image : {ImageShape{9, 8, 1}, ImageShape{8, 7, 3}, ImageShape{5, 9, 1}}) {
    expect_sample_loss(Loss::ssim, image, Activation::sigmoid);
    expect_sample_loss(Loss::ssim, image, Activation::sigmoid, true);
  }
}

TEST(SampleLoss, gradient_without_its_scratch_memory_is_a_bug) {
  Batch batch(2, 16);
  EXPECT_EQ(loss_scratch_floats(Loss::cosine, Activation::gelu, 16), 16);
  EXPECT_EQ(loss_scratch_floats(Loss::cosine, Activation::tanh, 16), 0);
  EXPECT_EQ(loss_scratch_floats(Loss::mse, Activation::gelu, 16), 0);
  EXPECT_THROW(
      (void)loss_and_gradient(Loss::cosine, Activation::gelu, true, 1, batch.x, batch.z, batch.g),
      Error);
  EXPECT_NO_THROW(
      (void)loss_and_gradient(Loss::cosine, Activation::gelu, true, 1, batch.x, batch.z, {}));
}

TEST(SampleLoss, equal_images_have_none) {
  const std::vector<float> image(64, 0.3F);
  for (const Loss loss : {Loss::cosine, Loss::ssim}) {
    std::vector<float> output = image;
    std::vector<float> gradient(64);
    LossOptions options;
    options.image = {8, 8, 1};
    const LossSums sums =
        loss_and_gradient(loss, Activation::linear, true, 1.0F, ConstMatrix(image.data(), 1, 64),
                          Matrix(output.data(), 1, 64), Matrix(gradient.data(), 1, 64), options);
    EXPECT_NEAR(sums.loss, 0, 1e-6);
    for (const float g : gradient) EXPECT_NEAR(g, 0, 1e-6);
  }
}

}  // namespace
}  // namespace hourglass
