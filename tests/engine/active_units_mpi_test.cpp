#include "engine/active_units.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(ActiveUnits, union_over_ranks_and_what_is_carried) {
  const Communicator world = Communicator::world();
  constexpr Index units = 200;
  const ActiveRows none({{0, cell_floats}}, units);
  const Index floats = units * cell_floats;
  for (const Index each : {1, 180}) {
    ActiveRows own = none;
    for (Index u = 0; u < each; ++u) own.add((world.rank() * 5 + u) % units);
    for (const SparseExchange mode :
         {SparseExchange::automatic, SparseExchange::always, SparseExchange::never}) {
      ActiveUnits united(world, none, floats, floats, mode);
      EXPECT_EQ(united.rows().count(), 0);
      EXPECT_FALSE(united.is_started());
      for (Index step = 0; step < 2; ++step) {
        united.start(own);
        while (!united.test()) {
        }
        for (int rank = 0; rank < world.size(); ++rank) {
          for (Index u = 0; u < each; ++u)
            EXPECT_TRUE(united.rows().contains((rank * 5 + u) % units));
        }
        const bool few = 2 * united.rows().count() <= units;
        const bool carries =
            mode == SparseExchange::always || (mode == SparseExchange::automatic && few);
        EXPECT_EQ(united.carried() != nullptr, carries);
        united.end_step();
      }
    }
  }
}

}  // namespace
}  // namespace hourglass
