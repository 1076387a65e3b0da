#include "nn/similarity_loss.hpp"

#include <algorithm>
#include <cmath>

namespace hourglass {

namespace {

constexpr Index window = 7;
constexpr double c1 = 0.01 * 0.01;
constexpr double c2 = 0.03 * 0.03;

// Sums over one window.
struct Moments {
  double x = 0;
  double y = 0;
  double xx = 0;
  double yy = 0;
  double xy = 0;
};

struct PixelWindow {
  Index top;
  Index left;
  Index height;
  Index width;
  Index channel;
};

template <class Visit>
void for_each_pixel(const ImageShape& image, const PixelWindow& w, Visit visit) {
  for (Index r = w.top; r < w.top + w.height; ++r) {
    for (Index c = w.left; c < w.left + w.width; ++c) {
      visit(static_cast<std::size_t>((r * image.width + c) * image.channels + w.channel));
    }
  }
}

// The similarity S = A B / (C D) of a window and, with `gradient`, factor * -dS/dy of its pixels:
// dS/dy_i = (2 / n) [ A (x_i - mx) / (C D) ... ], collected as a constant + b x_i + c y_i.
double add_window(double factor, const ImageShape& image, const PixelWindow& w,
                  std::span<const float> target, std::span<const float> output, float* gradient) {
  Moments sum;
  for_each_pixel(image, w, [&](std::size_t i) {
    const auto x = static_cast<double>(target[i]);
    const auto y = static_cast<double>(output[i]);
    sum.x += x;
    sum.y += y;
    sum.xx += x * x;
    sum.yy += y * y;
    sum.xy += x * y;
  });
  const auto n = static_cast<double>(w.height * w.width);
  const double mx = sum.x / n;
  const double my = sum.y / n;
  const double vx = sum.xx / n - mx * mx;
  const double vy = sum.yy / n - my * my;
  const double covariance = sum.xy / n - mx * my;
  const double a = 2 * mx * my + c1;
  const double b = 2 * covariance + c2;
  const double c = mx * mx + my * my + c1;
  const double d = vx + vy + c2;
  const double similarity = a * b / (c * d);
  if (gradient != nullptr) {
    // n da/dy_i = 2 mx, n db/dy_i = 2 (x_i - mx), n dc/dy_i = 2 my, n dd/dy_i = 2 (y_i - my)
    const double step = -factor * 2 / n;
    const double x_factor = a / (c * d);
    const double y_factor = -similarity / d;
    const double constant = mx * b / (c * d) - similarity * my / c - x_factor * mx - y_factor * my;
    for_each_pixel(image, w, [&](std::size_t i) {
      gradient[i] +=
          static_cast<float>(step * (constant + x_factor * static_cast<double>(target[i]) +
                                     y_factor * static_cast<double>(output[i])));
    });
  }
  return similarity;
}

}  // namespace

double cosine_distance(float factor, const float* weights, std::span<const float> target,
                       std::span<const float> output, float* gradient) {
  const auto weight = [&](std::size_t i) {
    return weights == nullptr ? 1.0 : static_cast<double>(weights[i]);
  };
  Moments sum;
  for (std::size_t i = 0; i < target.size(); ++i) {
    const auto x = static_cast<double>(target[i]);
    const auto y = static_cast<double>(output[i]);
    const double w = weight(i);
    sum.xx += w * x * x;
    sum.yy += w * y * y;
    sum.xy += w * x * y;
  }
  const double norms = std::sqrt(sum.xx) * std::sqrt(sum.yy);
  // A sum that is not finite must propagate, so that it is noticed.
  if (norms == 0) {
    if (gradient != nullptr) std::fill_n(gradient, target.size(), 0.0F);
    return 1;
  }
  const double cosine = sum.xy / norms;
  if (gradient != nullptr) {
    const double x_factor = -static_cast<double>(factor) / norms;
    const double y_factor = static_cast<double>(factor) * cosine / sum.yy;
    for (std::size_t i = 0; i < target.size(); ++i) {
      gradient[i] = static_cast<float>(weight(i) * (x_factor * static_cast<double>(target[i]) +
                                                    y_factor * static_cast<double>(output[i])));
    }
  }
  return 1 - cosine;
}

double structural_dissimilarity(float factor, const ImageShape& image, const float* weights,
                                std::span<const float> target, std::span<const float> output,
                                float* gradient) {
  if (gradient != nullptr) std::fill_n(gradient, target.size(), 0.0F);
  const Index height = std::min(window, image.height);
  const Index width = std::min(window, image.width);
  const Index rows = image.height - height + 1;
  const Index columns = image.width - width + 1;
  const auto for_each_window = [&](auto visit) {
    for (Index channel = 0; channel < image.channels; ++channel) {
      for (Index top = 0; top < rows; ++top) {
        for (Index left = 0; left < columns; ++left)
          visit(PixelWindow{top, left, height, width, channel});
      }
    }
  };
  const auto weight_of = [&](const PixelWindow& w) {
    double weight = 0;
    for_each_pixel(image, w, [&](std::size_t i) { weight += static_cast<double>(weights[i]); });
    return weight;
  };
  auto total = static_cast<double>(rows * columns * image.channels);
  if (weights != nullptr) {
    total = 0;
    for_each_window([&](const PixelWindow& w) { total += weight_of(w); });
  }
  double sum = 0;
  for_each_window([&](const PixelWindow& w) {
    const double weight = weights == nullptr ? 1.0 : weight_of(w);
    sum += weight * add_window(weight * static_cast<double>(factor) / total, image, w, target,
                               output, gradient);
  });
  return 1 - sum / total;
}

}  // namespace hourglass
