#include "train/run_state.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

StepTotals totals_of(double loss, Index samples) {
  StepTotals totals;
  // Terms that no double holds the sum of.
  for (const double term : {loss, 1e-200, -1e100, 1e100}) totals.loss.add(term);
  totals.squared_error.add(3 * loss);
  totals.penalty.add(-loss);
  totals.samples = samples;
  return totals;
}

RunState in_mid_epoch() {
  RunState state;
  state.position = {1, 4, 2, 30, 1234};
  state.count_update(totals_of(0.1, 16), 16);
  state.count_update(totals_of(0.7, 12), 24);
  MetricsRecord record;
  record.loss = 5;
  record.validation_sse = 6;  // a NaN would not be equal to itself
  state.history.add(record);
  return state;
}

StateHeader stored(const RunState& state) {
  StateHeader header;
  state.store(header);
  return header;
}

TEST(RunState, counts_updates_epochs_and_stages) {
  RunState state = in_mid_epoch();
  EXPECT_EQ(state.position.step, 32);
  EXPECT_EQ(state.position.step_in_epoch, 4);
  EXPECT_EQ(state.position.samples, 1274);
  EXPECT_EQ(state.sums.samples, 28);
  EXPECT_DOUBLE_EQ(state.sums.mean(state.sums.squared_error), 3 * 0.8 / 28);
  state.finish_epoch();
  EXPECT_EQ(state.position.epoch, 5);
  EXPECT_EQ(state.position.step_in_epoch, 0);
  EXPECT_EQ(state.position.step, 32);
  EXPECT_EQ(state.sums.samples, 0);
  EXPECT_EQ(state.sums.loss.value(), 0);
  state.finish_stage();
  EXPECT_EQ(state.position.stage, 2);
  EXPECT_EQ(state.position.epoch, 0);
  EXPECT_EQ(state.position.samples, 1274);
}

TEST(RunState, goes_on_from_a_header_as_if_it_had_never_stopped) {
  RunState state = in_mid_epoch();
  RunState again = RunState::load(stored(state), "step-1.h5");
  for (RunState* each : {&state, &again}) each->count_update(totals_of(0.3, 16), 16);
  const StateHeader one = stored(state);
  const StateHeader other = stored(again);
  EXPECT_EQ(one.position, other.position);
  EXPECT_EQ(one.doubles, other.doubles);
  EXPECT_EQ(state.sums.loss.value(), again.sums.loss.value());
}

TEST(RunState, divergences_of_units_are_sums_over_the_epoch) {
  const std::vector<float> posterior = {1, 0, 0, 0};  // of 2 units: 0.5 and 0 nats
  const auto totals = [&](Index samples) {
    StepTotals result = totals_of(0.1, samples);
    result.unit_divergences = UnitDivergences(2);
    for (Index s = 0; s < samples; ++s) result.unit_divergences.add({posterior.data(), 1, 4}, {});
    return result;
  };
  RunState state;
  state.count_update(totals_of(0.1, 4), 4);  // by a version without them
  EXPECT_TRUE(state.sums.mean_divergences().empty());
  state.count_update(totals(3), 3);
  RunState again = RunState::load(stored(state), "step-2.h5");
  for (RunState* each : {&state, &again}) {
    each->count_update(totals(5), 5);
    EXPECT_EQ(each->sums.mean_divergences(), (std::vector<double>{0.5, 0}));
  }
  EXPECT_EQ(stored(state).doubles, stored(again).doubles);
  state.finish_epoch();
  EXPECT_TRUE(state.sums.mean_divergences().empty());
}

TEST(RunState, checkpoints_without_stages_are_in_the_first) {
  StateHeader header = stored(in_mid_epoch());
  header.position.erase("stage");
  const RunState state = RunState::load(header, "step-1.h5");
  EXPECT_EQ(state.position.stage, 0);
  EXPECT_EQ(state.position.epoch, 4);
}

TEST(RunState, a_model_is_not_a_checkpoint) {
  StateHeader header = stored(in_mid_epoch());
  header.position.clear();
  expect_error(ErrorKind::data, "model.h5 is not a checkpoint",
               [&] { static_cast<void>(RunState::load(header, "model.h5")); });
}

TEST(RunState, incomplete_headers_are_refused) {
  for (const char* name : {"epoch", "step_in_epoch", "step", "samples", "epoch_samples"}) {
    StateHeader header = stored(in_mid_epoch());
    header.position.erase(name);
    expect_error(ErrorKind::data, "no position",
                 [&] { static_cast<void>(RunState::load(header, "step-1.h5")); });
  }
  StateHeader header = stored(in_mid_epoch());
  header.doubles.at("/position/epoch_penalty").pop_back();
  expect_error(ErrorKind::data, "/position/epoch_penalty",
               [&] { static_cast<void>(RunState::load(header, "step-1.h5")); });
}

}  // namespace
}  // namespace hourglass
