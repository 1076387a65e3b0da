#include "run/sweep_plan.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

using Texts = std::vector<std::string>;

void expect_refused(const std::function<void()>& action, const std::string& word) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown for " << word;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
  }
}

TEST(SweepAxis, commas_separate_unless_there_are_blanks) {
  EXPECT_EQ(SweepAxis::from_values("learning-rate=1e-3,3e-3").values, (Texts{"1e-3", "3e-3"}));
  const SweepAxis layers = SweepAxis::from_values("layers=20,3  20,10,3 ");
  EXPECT_EQ(layers.name, "layers");
  EXPECT_EQ(layers.values, (Texts{"20,3", "20,10,3"}));
  EXPECT_EQ(SweepAxis::from_values("data=a=b").values, Texts{"a=b"});
}

TEST(SweepAxis, refuses_what_is_no_axis) {
  for (const char* text : {"name", "=1", ""})
    expect_refused([&] { static_cast<void>(SweepAxis::from_values(text)); }, "--set");
  expect_refused([] { static_cast<void>(SweepAxis::from_values("name=,,")); }, "no value");
  for (const char* text :
       {"a=1", "a=log:1:2:3", "a=log:x:2", "a=log:0:1", "a=log:-1:1", "a=linear:2:1",
        "a=integer:1:2.5", "a=normal:0:1", "a=linear:0:inf", "a=integer:0:1e300"}) {
    expect_refused([&] { static_cast<void>(SweepAxis::from_range(text)); }, "--range");
  }
}

TEST(SweepPlan, grid_runs_through_every_combination_once) {
  SweepPlan plan;
  plan.axes = {SweepAxis::from_values("a=1,2"), SweepAxis::from_values("b=x,y,z")};
  check_plan(plan);
  ASSERT_EQ(plan.trials(), 6);
  std::set<Texts> seen;
  for (Index t = 0; t < 6; ++t) seen.insert(plan.values(t));
  EXPECT_EQ(seen.size(), 6U);
  EXPECT_EQ(plan.values(0), (Texts{"1", "x"}));
  EXPECT_EQ(plan.values(1), (Texts{"1", "y"})) << "the last axis runs fastest";
  EXPECT_EQ(plan.values(5), (Texts{"2", "z"}));
}

TEST(SweepPlan, random_draws_are_a_function_of_seed_and_trial) {
  SweepPlan plan;
  plan.axes = {SweepAxis::from_range("rate=log:1e-4:1e-2"),
               SweepAxis::from_range("momentum=linear:-1:1"),
               SweepAxis::from_range("k=integer:3:5"), SweepAxis::from_values("name=x,y")};
  plan.random = 2000;
  check_plan(plan);
  EXPECT_EQ(plan.trials(), 2000);
  SweepPlan longer = plan;
  longer.random = 5000;
  SweepPlan other = plan;
  other.seed = 2;
  double logarithms = 0;
  double sum = 0;
  std::set<std::string> integers;
  std::set<std::string> names;
  for (Index t = 0; t < 2000; ++t) {
    const Texts values = plan.values(t);
    EXPECT_EQ(values, longer.values(t));
    EXPECT_NE(values, other.values(t));
    const double rate = std::stod(values[0]);
    EXPECT_GE(rate, 1e-4);
    EXPECT_LE(rate, 1e-2);
    logarithms += std::log10(rate);
    sum += std::stod(values[1]);
    integers.insert(values[2]);
    names.insert(values[3]);
  }
  EXPECT_NEAR(logarithms / 2000, -3, 0.05);
  EXPECT_NEAR(sum / 2000, 0, 0.05);
  EXPECT_EQ(integers, (std::set<std::string>{"3", "4", "5"}));
  EXPECT_EQ(names, (std::set<std::string>{"x", "y"}));
}

TEST(SweepPlan, refuses_what_cannot_be_run) {
  SweepPlan plan;
  expect_refused([&] { check_plan(plan); }, "nothing to vary");
  plan.axes = {SweepAxis::from_values("a=1"), SweepAxis::from_values("a=2")};
  expect_refused([&] { check_plan(plan); }, "twice");
  plan.axes = {SweepAxis::from_range("a=log:1:2")};
  expect_refused([&] { check_plan(plan); }, "--random");
  std::string ten = "=0,1,2,3,4,5,6,7,8,9";
  plan.axes.clear();
  for (char name = 'a'; name < 'h'; ++name) plan.axes.push_back(SweepAxis::from_values(name + ten));
  expect_refused([&] { check_plan(plan); }, "more than");
}

}  // namespace
}  // namespace hourglass
