#include "system/machine.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include "../support/temporary_folder.hpp"

namespace hourglass {
namespace {

TEST(ExamineMachine, counts_agree_with_one_another) {
  const Machine machine = examine_machine();
  EXPECT_FALSE(machine.host.empty());
  EXPECT_FALSE(machine.processor.empty());
  EXPECT_GE(machine.hardware_threads, static_cast<Index>(machine.allowed.size()));
  EXPECT_GE(machine.hardware_threads, machine.cores);
  EXPECT_GT(machine.memory, 0);
  EXPECT_LT(machine.memory_limit, machine.memory);
  EXPECT_TRUE(machine.missing_vectors.empty()) << "this test runs";
}

TEST(ExamineMachine, caches_grow_towards_memory) {
  const Machine machine = examine_machine();
  for (std::size_t i = 0; i < machine.caches.size(); ++i) {
    EXPECT_GT(machine.caches[i].bytes, 0);
    EXPECT_GE(machine.caches[i].cores, 0);
    const Index below = i > 0 ? machine.caches[i - 1].level : 0;
    EXPECT_GT(machine.caches[i].level, below);
  }
}

TEST(AllowedHardwareThreads, is_the_affinity_mask) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  const std::vector<int> all = allowed_hardware_threads();
  ASSERT_EQ(static_cast<int>(all.size()), CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(all.back(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(allowed_hardware_threads(), std::vector<int>{all.back()});
  EXPECT_EQ(examine_machine().allowed, std::vector<int>{all.back()});
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
}

TEST(UsableMemory, is_at_most_the_nodes) {
  EXPECT_GT(usable_memory(), 0);
  EXPECT_LE(usable_memory(), examine_machine().memory);
}

TEST(ExamineFolder, measures_a_write_and_leaves_nothing) {
  const TemporaryFolder folder;
  const FileSystem system = examine_folder(folder.path());
  EXPECT_EQ(system.problem, "");
  EXPECT_FALSE(system.kind.empty());
  EXPECT_GT(system.free_bytes, 0);
  EXPECT_GT(system.write_seconds, 0);
  EXPECT_EQ(folder.entries(), 0);
}

TEST(ExamineFolder, names_the_problem_of_a_missing_folder) {
  EXPECT_FALSE(examine_folder("/nonexistent/folder").problem.empty());
}

TEST(RangesOf, joins_neighbours) {
  EXPECT_EQ(ranges_of({}), "");
  EXPECT_EQ(ranges_of({5}), "5");
  EXPECT_EQ(ranges_of({0, 1, 2, 3, 8, 10, 11}), "0-3,8,10-11");
}

}  // namespace
}  // namespace hourglass
