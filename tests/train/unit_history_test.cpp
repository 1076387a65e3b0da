#include "train/unit_history.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

UnitUse use_of(const std::vector<Index>& units) {
  UnitUse use(3);
  for (const Index unit : units) use.add(unit);
  return use;
}

std::vector<std::int64_t> list(std::span<const std::int64_t> values) {
  return {values.begin(), values.end()};
}

TEST(UnitHistory, counts_samples_since_the_last_use) {
  UnitHistory history;
  EXPECT_TRUE(history.empty());
  history.count(use_of({0, 0, 2}), 10);
  history.count(use_of({2}), 7);
  EXPECT_EQ(list(history.unused()), (std::vector<std::int64_t>{7, 17, 0}));
  EXPECT_EQ(history.count_dead(7), 2);
  EXPECT_EQ(history.count_dead(8), 1);
  const auto dead = history.find_dead(7);
  EXPECT_EQ((std::vector<std::int32_t>(dead.begin(), dead.end())),
            (std::vector<std::int32_t>{0, 1}));
  EXPECT_EQ(list(history.epoch_use()), (std::vector<std::int64_t>{2, 0, 2}));
  EXPECT_EQ(history.epoch_samples(), 17);
  history.finish_epoch();
  history.count(use_of({1}), 5);
  EXPECT_EQ(list(history.unused()), (std::vector<std::int64_t>{12, 0, 5}));
  EXPECT_EQ(list(history.epoch_use()), (std::vector<std::int64_t>{0, 1, 0}));
  EXPECT_EQ(history.epoch_samples(), 5);
}

TEST(UnitHistory, a_checkpoint_holds_all_of_it) {
  UnitHistory history;
  StateHeader none;
  history.store(none);
  EXPECT_TRUE(none.doubles.empty()) << "files of other models stay as they were";
  history.load(none);
  EXPECT_TRUE(history.empty());
  history.count(use_of({1}), std::int64_t{1} << 40);
  StateHeader header;
  history.store(header);
  UnitHistory again;
  again.load(header);
  for (UnitHistory* each : {&history, &again}) each->count(use_of({0, 1}), 3);
  EXPECT_EQ(list(again.unused()), list(history.unused()));
  EXPECT_EQ(again.unused()[2], (std::int64_t{1} << 40) + 3);
  EXPECT_EQ(list(again.epoch_use()), list(history.epoch_use()));
  EXPECT_EQ(again.epoch_samples(), history.epoch_samples());
}

}  // namespace
}  // namespace hourglass
