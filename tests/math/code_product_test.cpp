// Products with sparse codes and their gradients against loops in double.
#include "math/code_product.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "nn/sparse_code.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 7;
constexpr Index units = 11;

// Some units are listed in no row, some rows list no unit.
struct Trial {
  explicit Trial(Index width_) : width(width_) {
    std::mt19937 random(static_cast<unsigned>(width));
    std::normal_distribution<float> normal;
    code.clear(units);
    for (Index r = 0; r < rows; ++r) {
      for (Index u = 0; u < units; ++u) {
        if (r != 3 && u != 4 && random() % 3 == 0) {
          code.add(u, normal(random));
          listed.emplace_back(r, u);
        }
      }
      code.end_row();
    }
    code.sort_by_unit();
    for (auto* values : {&atoms, &gradient})
      values->resize(static_cast<std::size_t>(units * width));
    for (auto* values : {&x, &y}) values->resize(static_cast<std::size_t>(rows * width));
    for (float& value : atoms) value = normal(random);
    for (float& value : x) value = normal(random);
  }
  [[nodiscard]] double atom(Index u, Index c) const {
    return static_cast<double>(atoms[static_cast<std::size_t>(u * width + c)]);
  }
  [[nodiscard]] double input(Index r, Index c) const {
    return static_cast<double>(x[static_cast<std::size_t>(r * width + c)]);
  }
  [[nodiscard]] double value(std::size_t e) const {
    return static_cast<double>(code.view().values[e]);
  }

  Index width;
  SparseCode code;
  std::vector<std::pair<Index, Index>> listed;
  std::vector<float> atoms;
  std::vector<float> gradient;
  std::vector<float> x;
  std::vector<float> y;
};

TEST(CodeProduct, passes_equal_loops_in_double_for_every_width) {
  for (const Index width : {1, 15, 16, 17, 64, 80, 95, 256, 303}) {
    Trial t(width);
    const ConstMatrix atoms(t.atoms.data(), units, width);
    multiply_code(t.code.view(), atoms, Matrix(t.y.data(), rows, width));
    const ConstMatrix x(t.x.data(), rows, width);
    const Matrix gradient(t.gradient.data(), units, width);
    code_gradients(t.code.by_unit(), t.code.view().values, atoms, x, t.code.gradients(), gradient);
    std::vector<double> y(t.y.size());
    std::vector<double> expected(t.gradient.size());
    for (std::size_t e = 0; e < t.listed.size(); ++e) {
      const auto [r, u] = t.listed[e];
      double product = 0;
      for (Index c = 0; c < width; ++c) {
        y[static_cast<std::size_t>(r * width + c)] += t.value(e) * t.atom(u, c);
        expected[static_cast<std::size_t>(u * width + c)] += t.value(e) * t.input(r, c);
        product += t.input(r, c) * t.atom(u, c);
      }
      ASSERT_NEAR(t.code.gradients()[e], product, 1e-5 * std::sqrt(static_cast<double>(width)));
      ASSERT_EQ(t.code.gradients()[e], scalar_product(x.row(r).data(), atoms.row(u).data(), width));
    }
    for (std::size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(t.y[i], y[i], 1e-5);
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(t.gradient[i], expected[i], 1e-5);
    std::vector<float> again(t.gradient.size(), NAN);
    gather_rows(t.code.by_unit(), t.code.view().values, x, Matrix(again.data(), units, width));
    EXPECT_EQ(again, t.gradient);
  }
}

TEST(CodeProduct, sums_go_on_and_zeroed_rows_stay) {
  Trial t(95);
  const ConstMatrix atoms(t.atoms.data(), units, 95);
  multiply_code(t.code.view(), atoms, Matrix(t.y.data(), rows, 95));
  // The units below 5, then the others.
  std::vector<float> sums(t.y.size(), 0.0F);
  for (const bool upper : {false, true}) {
    SparseCode part;
    part.clear(units);
    for (Index r = 0; r < rows; ++r) {
      for (std::size_t e = 0; e < t.code.view().columns_of(r).size(); ++e) {
        const std::int32_t unit = t.code.view().columns_of(r)[e];
        if (upper == (unit >= 5)) part.add(unit, t.code.view().values_of(r)[e]);
      }
      part.end_row();
    }
    for (const Range block : {Range{0, 4}, Range{4, rows}})
      add_code(part.view(), atoms, block, Matrix(sums.data(), rows, 95));
  }
  EXPECT_EQ(sums, t.y);

  const ConstMatrix x(t.x.data(), rows, 95);
  std::ranges::fill(t.gradient, 7.0F);
  const Matrix gradient(t.gradient.data(), units, 95);
  code_gradients(t.code.by_unit(), t.code.view().values, atoms, x, t.code.gradients(), gradient,
                 true);
  EXPECT_EQ(gradient(4, 94), 7.0F);
  gather_rows(t.code.by_unit(), t.code.gradients(), x, gradient, true);
  EXPECT_EQ(gradient(4, 94), 7.0F);
  gather_rows(t.code.by_unit(), t.code.gradients(), x, gradient);
  EXPECT_EQ(gradient(4, 94), 0.0F);
}

TEST(CodeProduct, listed_rows_have_the_bits_of_scalar_products) {
  for (const Index width : {3, 64, 95}) {
    const Trial t(width);
    const std::vector<std::int32_t> listed = {9, 0, 4, 4};
    std::vector<float> products(listed.size());
    multiply_listed(t.x.data(), ConstMatrix(t.atoms.data(), units, width), listed, products.data());
    for (std::size_t i = 0; i < listed.size(); ++i) {
      EXPECT_EQ(products[i], scalar_product(t.x.data(), t.atoms.data() + listed[i] * width, width));
    }
  }
}

}  // namespace
}  // namespace hourglass
