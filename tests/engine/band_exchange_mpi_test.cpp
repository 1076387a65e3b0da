#include "engine/band_exchange.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/buffer.hpp"

namespace hourglass {
namespace {

constexpr Index arena_floats = 8 * cell_floats;

float before(Index i) { return static_cast<float>(i) + 0.5F; }
float after(Index i) { return -static_cast<float>(i); }

class BandExchangeTest : public testing::Test {
 protected:
  // Two bands that divide nothing evenly, of the first and the last rank.
  std::vector<MatrixBand> bands() const {
    return {{0, {}, {5, 201}, 0}, {1, {}, {256, 511}, world_.size() - 1}};
  }
  void wait(std::span<Request> requests) {
    for (Request& request : requests) request.wait();
  }
  // Steps in which owned floats become before(i) and a band's rank makes them after(i).
  void exchange(std::span<const Range> owned, bool replicated) {
    const std::vector<MatrixBand> bands = this->bands();
    Buffer<float> arena(arena_floats);
    BandExchange exchange(world_, owned, bands, replicated, arena.span());
    for (int step = 0; step < 2; ++step) {
      wait(exchange.sending());
      std::ranges::fill(arena.span(), 0.0F);
      for (const Range& range : owned) {
        for (Index i = range.begin; i < range.end; ++i) arena[i] = before(i);
      }
      exchange.start_collect();
      wait(exchange.collecting());
      exchange.start_return();
      for (std::size_t b = 0; b < bands.size(); ++b) {
        if (bands[b].rank != world_.rank()) continue;
        for (Index i = bands[b].floats.begin; i < bands[b].floats.end; ++i) {
          EXPECT_EQ(arena[i], before(i));
          arena[i] = after(i);
        }
        exchange.send(b);
      }
      for (std::size_t b = 0; b < bands.size(); ++b) {
        wait(exchange.receives_of(b));
        for (const Range& range : owned) {
          for (Index i = std::max(range.begin, bands[b].floats.begin);
               i < std::min(range.end, bands[b].floats.end); ++i)
            EXPECT_EQ(arena[i], after(i));
        }
      }
    }
  }

  Communicator world_ = Communicator::world();
};

TEST_F(BandExchangeTest, bands_go_to_their_rank_and_back) {
  // Two buckets, the tail first, each divided over the ranks.
  std::vector<Range> owned;
  for (const Index first : {Index{4}, Index{0}}) {
    const Range cells = even_part(4, world_.size(), world_.rank());
    owned.push_back({(first + cells.begin) * cell_floats, (first + cells.end) * cell_floats});
  }
  exchange(owned, false);
}

TEST_F(BandExchangeTest, results_go_to_every_rank_that_owns_all) {
  exchange(std::vector<Range>{{0, arena_floats}}, true);
}

}  // namespace
}  // namespace hourglass
