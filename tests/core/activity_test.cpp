#include "core/activity.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

namespace hourglass {
namespace {

TEST(Activity, every_phase_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (int phase = 0; phase <= static_cast<int>(Work::ending); ++phase)
    names.insert(name_of(static_cast<Work>(phase)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Work::ending) + 1);
  EXPECT_FALSE(names.contains(""));
}

TEST(Activity, reports_reach_another_thread) {
  activity::enter(Work::exchanging);
  activity::enter_step(41);
  activity::Snapshot seen;
  std::thread([&] { seen = activity::now(); }).join();
  EXPECT_EQ(seen.phase, Work::exchanging);
  EXPECT_EQ(seen.step, 41);
  EXPECT_FALSE(seen.waiting);
  activity::enter(Work::starting);
}

TEST(Activity, every_report_is_a_tick) {
  const auto ticks = [] { return activity::now().ticks; };
  const auto before = ticks();
  activity::tick();
  EXPECT_EQ(ticks(), before + 1);
  activity::enter(Work::computing);
  EXPECT_EQ(ticks(), before + 2);
  activity::enter_step(1);
  EXPECT_EQ(ticks(), before + 3);
  { const activity::Waiting waiting; }
  EXPECT_EQ(ticks(), before + 4) << "the end of a wait is progress";
  EXPECT_EQ(ticks(), before + 4) << "reading is not";
}

TEST(Activity, waits_may_be_nested) {
  EXPECT_FALSE(activity::now().waiting);
  {
    const activity::Waiting outer;
    {
      const activity::Waiting inner;
      EXPECT_TRUE(activity::now().waiting);
    }
    EXPECT_TRUE(activity::now().waiting);
  }
  EXPECT_FALSE(activity::now().waiting);
}

}  // namespace
}  // namespace hourglass
