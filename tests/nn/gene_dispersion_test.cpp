#include "nn/gene_dispersion.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace hourglass {
namespace {

TEST(GeneDispersion, stands_between_means_and_dropouts) {
  for (const Index heads : {2, 3}) {
    Layout layout;
    const GeneDispersion layer(layout, "decoder/dispersion", 3, heads * 3);
    ASSERT_EQ(layer.inputs(), (heads - 1) * 3);
    ASSERT_EQ(layer.outputs(), heads * 3);
    ASSERT_EQ(layer.roles().size(), 1U);
    std::vector<float> arena(static_cast<std::size_t>(layout.size()));
    const auto offset = static_cast<std::size_t>(layout.tensor(layer.roles()[0].slot).offset);
    for (std::size_t c = 0; c < 3; ++c) arena[offset + c] = 100.0F + static_cast<float>(c);
    std::vector<float> x(static_cast<std::size_t>(2 * layer.inputs()));
    std::iota(x.begin(), x.end(), 1.0F);
    std::vector<float> y(static_cast<std::size_t>(2 * layer.outputs()));
    const Matrix out(y.data(), 2, layer.outputs());
    layer.forward(arena.data(), {x.data(), 2, layer.inputs()}, out, {}, {});
    for (Index r = 0; r < 2; ++r) {
      for (Index c = 0; c < 3; ++c) {
        const auto at = static_cast<std::size_t>(r * layer.inputs() + c);
        EXPECT_EQ(out(r, c), x[at]);
        EXPECT_EQ(out(r, 3 + c), 100.0F + static_cast<float>(c));
        if (heads == 3) {
          EXPECT_EQ(out(r, 6 + c), x[at + 3]);
        }
      }
    }
    // dL/dy = y: what came in goes out, and the dispersions' are summed.
    std::vector<float> gradient(arena.size());
    std::vector<float> dx(x.size());
    layer.backward(arena.data(), {x.data(), 2, layer.inputs()}, out, out,
                   {dx.data(), 2, layer.inputs()}, gradient.data(), {}, {});
    EXPECT_EQ(dx, x);
    for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(gradient[offset + c], 2 * arena[offset + c]);
  }
}

}  // namespace
}  // namespace hourglass
