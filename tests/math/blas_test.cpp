#include "math/blas.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

// A matrix with a stride and an offset of its own in a larger block of memory.
struct Block {
  Block(Index rows, Index columns, Index stride, Index offset, std::uint32_t seed)
      : memory(static_cast<std::size_t>(rows * stride + offset + 1)),
        view(memory.data() + offset, rows, columns, stride) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (float& value : memory) value = std::numeric_limits<float>::quiet_NaN();
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < columns; ++c) view(r, c) = normal(random);
    }
  }
  std::vector<float> memory;
  Matrix view;
};

double exact(bool transpose_a, bool transpose_b, ConstMatrix a, ConstMatrix b, Index row,
             Index column) {
  double sum = 0;
  const Index inner = transpose_a ? a.rows : a.columns;
  for (Index k = 0; k < inner; ++k) {
    sum += static_cast<double>(transpose_a ? a(k, row) : a(row, k)) *
           static_cast<double>(transpose_b ? b(column, k) : b(k, column));
  }
  return sum;
}

TEST(Gemm, equals_the_triple_loop) {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      for (const auto& [m, n, k] :
           {std::array<Index, 3>{1, 1, 1}, {3, 5, 7}, {17, 1, 33}, {32, 40, 300}, {1, 64, 2}}) {
        for (const float beta : {0.0F, 1.0F, 0.5F}) {
          const Block a(transpose_a ? k : m, transpose_a ? m : k, (transpose_a ? m : k) + 3, 1, 1);
          const Block b(transpose_b ? n : k, transpose_b ? k : n, (transpose_b ? k : n) + 2, 5, 2);
          Block c(m, n, n + 4, 3, 3);
          const Block before = c;
          if (beta == 0)
            c.view(0, 0) = std::numeric_limits<float>::quiet_NaN();  // must be overwritten
          gemm(transpose_a, transpose_b, a.view, b.view, beta, c.view);
          for (Index i = 0; i < m; ++i) {
            for (Index j = 0; j < n; ++j) {
              const float old =
                  beta == 0 ? 0 : before.memory[static_cast<std::size_t>(3 + i * (n + 4) + j)];
              const double expected = exact(transpose_a, transpose_b, a.view, b.view, i, j) +
                                      static_cast<double>(beta * old);
              ASSERT_NEAR(c.view(i, j), expected, 2e-5 * std::sqrt(static_cast<double>(k) + 1))
                  << i << "," << j;
            }
          }
          // The memory between the rows is not ours.
          ASSERT_TRUE(std::isnan(c.memory[static_cast<std::size_t>(3 + n)]));
        }
      }
    }
  }
}

TEST(Gemm, empty_inner_dimension_scales_the_result) {
  const Matrix a(nullptr, 2, 0);
  const Matrix b(nullptr, 0, 3);
  Block c(2, 3, 4, 0, 1);
  const float old = c.view(1, 2);
  gemm(false, false, a, b, 0.5F, c.view);
  EXPECT_EQ(c.view(1, 2), 0.5F * old);
  c.view(0, 0) = std::numeric_limits<float>::quiet_NaN();
  gemm(false, false, a, b, 0.0F, c.view);
  EXPECT_EQ(c.view(0, 0), 0.0F);
  EXPECT_EQ(c.view(1, 2), 0.0F);
}

TEST(Gemm, empty_result_is_left_alone) {
  const Block a(0, 3, 3, 0, 1);
  const Block b(3, 2, 2, 0, 1);
  EXPECT_NO_THROW(gemm(false, false, a.view, b.view, 0, Matrix(nullptr, 0, 2)));
  EXPECT_NO_THROW(gemm(false, false, b.view, Matrix(nullptr, 2, 0), 0, Matrix(nullptr, 3, 0)));
}

TEST(Gemm, refuses_shapes_that_disagree) {
  Block a(2, 3, 3, 0, 1);
  Block b(4, 5, 5, 0, 1);
  Block c(2, 5, 5, 0, 1);
  EXPECT_THROW(gemm(false, false, a.view, b.view, 0, c.view), Error);
  EXPECT_THROW(gemm(true, false, a.view, b.view, 0, c.view), Error);
  EXPECT_THROW(gemm(false, true, a.view, b.view, 0, c.view), Error);
}

TEST(Gemm, bits_depend_on_the_shape_alone) {
  use_single_threaded_blas();
  const Index m = 33;
  const Index n = 70;
  const Index k = 500;
  std::vector<float> first(static_cast<std::size_t>(m * n));
  for (const Index pad : {0, 1, 12}) {
    for (const Index offset : {0, 1, 7}) {
      const Block a(m, k, k + pad, offset, 1);
      const Block b(n, k, k + 2 * pad, offset, 2);
      Block c(m, n, n + pad, offset, 3);
      Block d = Block(m, n, n, 0, 3);
      // The same product by two callers at once.
      std::thread other([&] { gemm(false, true, a.view, b.view, 0, d.view); });
      gemm(false, true, a.view, b.view, 0, c.view);
      other.join();
      for (Index i = 0; i < m; ++i) {
        for (Index j = 0; j < n; ++j) {
          float& expected = first[static_cast<std::size_t>(i * n + j)];
          if (pad == 0 && offset == 0) expected = c.view(i, j);
          ASSERT_EQ(std::bit_cast<std::uint32_t>(c.view(i, j)),
                    std::bit_cast<std::uint32_t>(expected));
          ASSERT_EQ(std::bit_cast<std::uint32_t>(d.view(i, j)),
                    std::bit_cast<std::uint32_t>(expected));
        }
      }
    }
  }
}

TEST(Blas, reports_its_version_and_kernel) {
  EXPECT_TRUE(blas_version().starts_with("OpenBLAS ")) << blas_version();
  EXPECT_EQ(blas_version().find(' ', 9), std::string::npos) << blas_version();
  EXPECT_FALSE(blas_core().empty());
}

TEST(Blas, a_kernel_for_any_processor_is_replaced_by_that_of_this_one) {
  EXPECT_EQ(better_blas_core("Prescott", true, true), "SkylakeX");
  EXPECT_EQ(better_blas_core("Nehalem", true, false), "Haswell");
  EXPECT_EQ(better_blas_core("Prescott", false, false), "");
  for (const char* core : {"Haswell", "Zen", "SkylakeX", "Cooperlake"})
    EXPECT_EQ(better_blas_core(core, true, true), "") << core;
}

}  // namespace
}  // namespace hourglass
