// Losses of samples with missing elements: against a reference in double, finite differences, and
// the same samples without what is missing.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "nn/loss.hpp"
#include "nn/loss_batch.hpp"
#include "nn/reference.hpp"

namespace hourglass {
namespace {

using test::Batch;

struct Case {
  Loss loss;
  Activation output;
};

std::vector<Case> cases() {
  std::vector<Case> result = {{Loss::bce, Activation::sigmoid},
                              {Loss::poisson, Activation::softplus},
                              {Loss::poisson, Activation::sigmoid}};
  for (const auto& name : activation_names()) {
    for (const Loss loss : {Loss::mse, Loss::huber, Loss::log_cosh, Loss::mae, Loss::cosine})
      result.push_back({loss, activation_from(name)});
  }
  return result;
}

/// A batch of which the elements that `keeps` does not name are missing.
struct MaskedBatch : Batch {
  MaskedBatch(Index rows, Index features)
      : Batch(rows, features),
        mask(static_cast<std::size_t>(rows * features)),
        scratch(static_cast<std::size_t>(features)) {
    present = Matrix(mask.data(), rows, features);
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < features; ++c) present(r, c) = keeps(r, c) ? 1.0F : 0.0F;
    }
    options.present = present;
    options.scratch = scratch;
  }
  // Row 0 is complete, row 1 empty, the others have every other or third element.
  static bool keeps(Index r, Index c) { return r == 0 || (r > 1 && c % r == 0); }
  [[nodiscard]] Index count(Index r) const {
    Index sum = 0;
    for (Index c = 0; c < present.columns; ++c) sum += present(r, c) != 0 ? 1 : 0;
    return sum;
  }
  std::vector<float> mask;
  std::vector<float> scratch;
  Matrix present;
  LossOptions options;
};

/// What a row's loss is made of: sums over its elements.
struct RowSums {
  double loss = 0;
  double xx = 0;
  double yy = 0;
  double xy = 0;
  RowSums& operator+=(const RowSums& other) {
    loss += other.loss;
    xx += other.xx;
    yy += other.yy;
    xy += other.xy;
    return *this;
  }
};

/// The share of an element with logit z; none when it is missing.
RowSums share(const Case& of, const MaskedBatch& batch, Index r, Index c, double z,
              const std::vector<float>& weights) {
  if (batch.present(r, c) == 0) return {};
  const double weight =
      weights.empty() ? 1.0 : static_cast<double>(weights[static_cast<std::size_t>(c)]);
  const auto x = static_cast<double>(batch.x(r, c));
  const double y = reference::activation(of.output, z);
  return {.loss = weight * reference::loss(of.loss, of.output, z, x),
          .xx = weight * x * x,
          .yy = weight * y * y,
          .xy = weight * x * y};
}

double row_loss(const Case& of, const RowSums& sums, Index count, bool mean) {
  if (count == 0) return 0;
  if (of.loss == Loss::cosine) return sums.yy == 0 ? 1 : 1 - sums.xy / std::sqrt(sums.xx * sums.yy);
  return mean ? sums.loss / static_cast<double>(count) : sums.loss;
}

void expect_near_reference(const Case& of, bool mean, Index features,
                           const std::vector<float>& weights) {
  constexpr Index rows = 4;
  MaskedBatch batch(rows, features);
  const MaskedBatch before(rows, features);
  std::vector<float> products(batch.mask);
  if (!weights.empty()) {
    for (std::size_t i = 0; i < products.size(); ++i)
      products[i] *= weights[i % static_cast<std::size_t>(features)];
    batch.options.weights = {products.data(), rows, features};
  }
  const double scale = 0.25;
  const LossSums sums = loss_and_gradient(of.loss, of.output, mean, static_cast<float>(scale),
                                          batch.x, batch.z, batch.g, batch.options);
  double loss = 0;
  double squared_error = 0;
  for (Index r = 0; r < rows; ++r) {
    const auto logits = before.z.row(r);
    const std::vector<double> z(logits.begin(), logits.end());
    const Index count = before.count(r);
    // Of the row up to an element and from it on: a difference then costs one element, not a row.
    std::vector<RowSums> below(static_cast<std::size_t>(features) + 1);
    std::vector<RowSums> above(below.size());
    for (Index c = 0; c < features; ++c) {
      const auto place = static_cast<std::size_t>(c);
      below[place + 1] = below[place];
      below[place + 1] += share(of, before, r, c, z[place], weights);
    }
    for (Index c = features; c-- > 0;) {
      const auto place = static_cast<std::size_t>(c);
      above[place] = above[place + 1];
      above[place] += share(of, before, r, c, z[place], weights);
    }
    // The row's loss when an element's logit is moved.
    const auto moved = [&](Index c, double by) {
      const auto place = static_cast<std::size_t>(c);
      RowSums row = below[place];
      row += share(of, before, r, c, z[place] + by, weights);
      row += above[place + 1];
      return row_loss(of, row, count, mean);
    };
    loss += row_loss(of, below.back(), count, mean);
    double squares = 0;
    for (Index c = 0; c < features; ++c) {
      const auto place = static_cast<std::size_t>(c);
      const double y = reference::activation(of.output, z[place]);
      EXPECT_NEAR(batch.z(r, c), y, 1e-6 * (1 + std::fabs(y))) << "outputs are written everywhere";
      if (before.present(r, c) == 0) {
        ASSERT_EQ(batch.g(r, c), 0) << "a missing element has a gradient";
        continue;
      }
      const double e = y - static_cast<double>(before.x(r, c));
      squares += e * e;
      const double h = 1e-6;
      if (std::fabs(z[place]) < h) continue;
      const double slope = (moved(c, h) - moved(c, -h)) / (2 * h);
      ASSERT_NEAR(batch.g(r, c), scale * slope, 1e-5 * (std::fabs(slope) + 0.01))
          << name_of(of.loss) << " of " << name_of(of.output);
    }
    if (count > 0)
      squared_error += squares * static_cast<double>(features) / static_cast<double>(count);
  }
  EXPECT_NEAR(sums.loss, loss, 1e-5 * (std::fabs(loss) + 0.01));
  EXPECT_NEAR(sums.squared_error, squared_error, 1e-5 * squared_error);
}

TEST(LossAndGradient, with_missing_elements_equals_reference) {
  for (const Case& of : cases()) {
    for (const bool mean : {false, true}) {
      for (const Index features : {5, 17, 600}) {
        expect_near_reference(of, mean, features, {});
        std::vector<float> weights(static_cast<std::size_t>(features));
        for (std::size_t c = 0; c < weights.size(); ++c)
          weights[c] = 0.25F * static_cast<float>(1 + c % 5);
        expect_near_reference(of, mean, features, weights);
      }
    }
  }
}

TEST(LossAndGradient, with_nothing_missing_has_the_same_bits) {
  for (const Case& of : cases()) {
    for (const bool mean : {false, true}) {
      Batch plain(3, 67);
      MaskedBatch masked(3, 67);
      std::ranges::fill(masked.mask, 1.0F);
      LossOptions options;
      options.scratch = masked.scratch;
      const LossSums a =
          loss_and_gradient(of.loss, of.output, mean, 0.3F, plain.x, plain.z, plain.g, options);
      const LossSums b = loss_and_gradient(of.loss, of.output, mean, 0.3F, masked.x, masked.z,
                                           masked.g, masked.options);
      EXPECT_EQ(a.loss, b.loss);
      EXPECT_EQ(a.squared_error, b.squared_error);
      EXPECT_EQ(plain.logits, masked.logits);
      EXPECT_EQ(plain.gradient, masked.gradient);
    }
  }
}

TEST(LossAndGradient, does_not_depend_on_what_stands_for_missing) {
  for (const Case& of : cases()) {
    MaskedBatch a(4, 41);
    MaskedBatch b(4, 41);
    for (std::size_t i = 0; i < b.target.size(); ++i) {
      if (b.mask[i] == 0) b.target[i] = 0.875F;
    }
    const LossSums x = loss_and_gradient(of.loss, of.output, true, 1.0F, a.x, a.z, a.g, a.options);
    const LossSums y = loss_and_gradient(of.loss, of.output, true, 1.0F, b.x, b.z, b.g, b.options);
    EXPECT_EQ(x.loss, y.loss);
    EXPECT_EQ(x.squared_error, y.squared_error);
    EXPECT_EQ(a.gradient, b.gradient);
  }
}

}  // namespace
}  // namespace hourglass
