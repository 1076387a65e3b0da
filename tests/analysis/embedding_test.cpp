#include "analysis/embedding.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace hourglass {
namespace {

// Two clusters of `each` rows in `d` dimensions, far from each other.
std::vector<float> two_clusters(Index each, Index d) {
  std::vector<float> rows;
  for (Index i = 0; i < 2 * each; ++i) {
    for (Index j = 0; j < d; ++j) {
      rows.push_back((i < each ? 0.0F : 20.0F) +
                     static_cast<float>(std::sin(static_cast<double>(i * 31 + j * 17))));
    }
  }
  return rows;
}

double distance(const PlanePoint& a, const PlanePoint& b) {
  return std::hypot(a.x - b.x, a.y - b.y);
}

TEST(Embedding, principal_plane_finds_the_plane_of_largest_variance) {
  // Points 3 a u + b v + 0 w with orthonormal u, v, w.
  const double r = std::sqrt(0.5);
  std::vector<float> rows;
  std::vector<PlanePoint> wanted;
  for (int i = 0; i < 50; ++i) {
    const double a = 3 * std::sin(i * 1.7);
    const double b = std::cos(i * 0.9);
    rows.insert(rows.end(),
                {static_cast<float>(r * a), static_cast<float>(r * a), static_cast<float>(b)});
    wanted.push_back({a, b});
  }
  const auto points = principal_plane({rows.data(), 50, 3});
  // Distances in the plane are those between the rows, since these lie in a plane.
  for (std::size_t i = 0; i < 50; ++i) {
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_NEAR(distance(points[i], points[j]), distance(wanted[i], wanted[j]), 1e-4);
  }
}

TEST(Embedding, principal_plane_of_two_units_is_the_code_itself) {
  const std::vector<float> rows = {1, 2, 3, 4};
  const auto two = principal_plane({rows.data(), 2, 2});
  EXPECT_EQ(two[1].x, 3);
  EXPECT_EQ(two[1].y, 4);
  const auto one = principal_plane({rows.data(), 4, 1});
  EXPECT_EQ(one[3].x, 4);
  EXPECT_EQ(one[3].y, 0);
}

TEST(Embedding, tsne_keeps_neighbours_together) {
  constexpr Index each = 30;
  const auto rows = two_clusters(each, 10);
  const auto points = tsne({rows.data(), 2 * each, 10});
  Index right = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::size_t nearest = i == 0 ? 1 : 0;
    for (std::size_t j = 0; j < points.size(); ++j) {
      if (j != i && distance(points[i], points[j]) < distance(points[i], points[nearest]))
        nearest = j;
    }
    right += (i < each) == (nearest < each) ? 1 : 0;
    EXPECT_TRUE(std::isfinite(points[i].x) && std::isfinite(points[i].y));
  }
  EXPECT_EQ(right, 2 * each);
}

TEST(Embedding, tsne_is_a_function_of_its_input) {
  const auto rows = two_clusters(8, 3);
  const auto a = tsne({rows.data(), 16, 3});
  const auto b = tsne({rows.data(), 16, 3});
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].x, b[i].x);
}

TEST(Embedding, tsne_of_equal_rows_and_of_few) {
  const std::vector<float> same(40, 1.0F);
  for (const PlanePoint& point : tsne({same.data(), 10, 4}))
    EXPECT_TRUE(std::isfinite(point.x) && std::isfinite(point.y));
  EXPECT_EQ(tsne({same.data(), 1, 4}).size(), 1U);
  EXPECT_TRUE(tsne({same.data(), 0, 4}).empty());
}

}  // namespace
}  // namespace hourglass
