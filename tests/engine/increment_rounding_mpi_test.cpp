#include "engine/increment_rounding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace hourglass {
namespace {

constexpr Index floats = 6 * cell_floats;

GradientExchangeSettings settings_of(Wire wire) {
  GradientExchangeSettings settings;
  settings.leaves = 4;
  settings.bucket_bytes = 512;
  settings.wire = wire;
  return settings;
}

// What an update would add to float i of the arena: some are far smaller than their neighbours.
float wanted(Index i) { return i % 5 == 0 ? 1.0F : 1e-3F * static_cast<float>(i % 7); }

// The owned parameters after `steps` updates from 0, rounded.
std::vector<float> owned_after(const Communicator& communicator, Wire wire, int steps) {
  Buffer<float> parameters(floats);
  GradientExchange exchange(communicator, parameters.span(), settings_of(wire));
  IncrementRounding rounding(exchange);
  EXPECT_EQ(rounding.is_needed(), wire != Wire::fp32);
  for (int step = 0; step < steps; ++step) {
    Index offset = 0;
    for (const Range& owned : exchange.owned()) {
      const auto part = parameters.span().subspan(static_cast<std::size_t>(owned.begin),
                                                  static_cast<std::size_t>(owned.size()));
      const std::vector<float> before(part.begin(), part.end());
      for (Index i = owned.begin; i < owned.end; ++i) parameters[i] += wanted(i);
      rounding.round(owned.begin, offset, before, part);
      offset += owned.size();
    }
  }
  exchange.all_gather(parameters.span());
  return {parameters.span().begin(), parameters.span().end()};
}

TEST(IncrementRounding, owners_do_not_change_a_bit) {
  for (const Wire wire : {Wire::bf16, Wire::int8}) {
    EXPECT_EQ(owned_after(Communicator::world(), wire, 9),
              owned_after(Communicator::self(), wire, 9));
  }
}

TEST(IncrementRounding, int8_makes_up_for_what_it_has_lost) {
  constexpr int steps = 100;
  const std::vector<float> found = owned_after(Communicator::world(), Wire::int8, steps);
  for (Index i = 0; i < floats; ++i) {
    // A single rounding loses up to 1 / 254, all of many a small increment.
    EXPECT_NEAR(found[static_cast<std::size_t>(i)], steps * wanted(i), 1.0 / 250) << i;
  }
}

TEST(IncrementRounding, residual_is_part_of_a_checkpoint_with_int8_alone) {
  const Communicator world = Communicator::world();
  Buffer<float> parameters(floats);
  GradientExchange half(world, parameters.span(), settings_of(Wire::bf16));
  EXPECT_TRUE(IncrementRounding(half).stored({}).empty());
  EXPECT_EQ(IncrementRounding(half).bytes(), 0);
  GradientExchange eighth(world, parameters.span(), settings_of(Wire::int8));
  const auto stored = IncrementRounding(eighth).stored({});
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].group, "/optimizer/wire_residual");
}

}  // namespace
}  // namespace hourglass
