#include "core/phase_recorder.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

using std::chrono::milliseconds;

PhaseRecorder::Clock::time_point at(int milli) {
  return PhaseRecorder::Clock::time_point(milliseconds(milli));
}

TEST(PhaseRecorder, adds_by_phase_and_layer) {
  PhaseRecorder recorder(3, 0);
  recorder.add(Phase::forward, 2, 10, at(0), at(5));
  recorder.add(Phase::forward, 2, 20, at(7), at(8));
  recorder.add(Phase::backward, 2, 1, at(8), at(9));
  recorder.add(Phase::forward, 0, 1, at(9), at(10));
  EXPECT_NEAR(recorder.total(Phase::forward, 2).seconds, 6e-3, 1e-12);
  EXPECT_EQ(recorder.total(Phase::forward, 2).work, 30);
  EXPECT_EQ(recorder.total(Phase::forward, 2).calls, 2);
  EXPECT_EQ(recorder.total(Phase::backward, 2).calls, 1);
  EXPECT_EQ(recorder.total(Phase::forward, 1).calls, 0);
  EXPECT_TRUE(recorder.spans().empty());
}

TEST(PhaseRecorder, keeps_the_newest_spans_in_order) {
  PhaseRecorder recorder(1, 3);
  for (int i = 0; i < 2; ++i) recorder.add(Phase::loss, 0, 0, at(i), at(i + 1));
  ASSERT_EQ(recorder.spans().size(), 2U);
  EXPECT_EQ(recorder.forgotten(), 0);
  for (int i = 2; i < 8; ++i) recorder.add(Phase::loss, 0, 0, at(i), at(i + 1));
  const auto spans = recorder.spans();
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(recorder.forgotten(), 5);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(spans[static_cast<std::size_t>(i)].begin, at(5 + i));
}

TEST(PhaseSpan, records_its_life_and_nothing_without_a_recorder) {
  PhaseRecorder recorder(1, 1);
  {
    const PhaseSpan none(nullptr, Phase::update);
    const PhaseSpan some(&recorder, Phase::update, 0, 4);
  }
  EXPECT_EQ(recorder.total(Phase::update).calls, 1);
  EXPECT_EQ(recorder.total(Phase::update).work, 4);
  EXPECT_GE(recorder.spans().front().end, recorder.spans().front().begin);
}

TEST(Phase, every_phase_has_a_name) {
  for (std::size_t p = 0; p < phase_count; ++p)
    EXPECT_FALSE(name_of(static_cast<Phase>(p)).empty());
}

}  // namespace
}  // namespace hourglass
