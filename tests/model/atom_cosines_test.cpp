#include "model/atom_cosines.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "model/autoencoder_trial.hpp"

namespace hourglass {
namespace {

double cosine(ConstMatrix columns, Index a, Index b) {
  double product = 0;
  double squares_a = 0;
  double squares_b = 0;
  for (Index r = 0; r < columns.rows; ++r) {
    const auto x = static_cast<double>(columns(r, a));
    const auto y = static_cast<double>(columns(r, b));
    product += x * y;
    squares_a += x * x;
    squares_b += y * y;
  }
  return squares_a * squares_b == 0 ? 0 : product / std::sqrt(squares_a * squares_b);
}

TEST(AtomCosines, are_the_largest_with_any_other_atom) {
  AutoencoderSpec spec;
  spec.encoder = {6, 1100};  // several blocks of both kinds
  autoencoder_test::Trial trial(spec);
  const ConstMatrix atoms = trial.model.dictionary(trial.parameters.data());
  const Index offset = atoms.data - trial.parameters.data();
  for (Index r = 0; r < 6; ++r) trial.parameters[offset + r * 1100 + 7] = 0;
  for (const Index most : {Index{2000}, Index{90}}) {
    const Index step = most == 90 ? 13 : 1;
    const auto nearest = nearest_cosines(trial.model, trial.parameters.data(), most);
    ASSERT_EQ(static_cast<Index>(nearest.size()), (1100 + step - 1) / step);
    for (std::size_t i = 0; i < nearest.size(); i += 50) {
      const Index own = static_cast<Index>(i) * step;
      double expected = -1;
      for (Index other = 0; other < 1100; ++other) {
        if (other != own) expected = std::max(expected, cosine(atoms, own, other));
      }
      EXPECT_NEAR(nearest[i], expected, 1e-5);
    }
    if (step == 1) {
      EXPECT_EQ(nearest[7], 0) << "an atom of norm 0";
    }
  }
}

TEST(AtomCosines, there_are_none_without_a_dictionary) {
  AutoencoderSpec spec;
  spec.encoder = {6, 1};
  autoencoder_test::Trial trial(spec);
  EXPECT_TRUE(nearest_cosines(trial.model, trial.parameters.data(), 10).empty());
}

}  // namespace
}  // namespace hourglass
