#include "train/history.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace hourglass {
namespace {

MetricsRecord epoch_record(Index epoch, std::optional<double> validation_sse) {
  MetricsRecord record;
  record.epoch = epoch;
  record.step = 10 * epoch;
  record.loss = 1.0 / static_cast<double>(epoch);
  record.sse = 2 * record.loss;
  record.validation_sse = validation_sse;
  record.learning_rate = 0.5;
  return record;
}

History with_errors(const std::vector<double>& errors) {
  History history;
  for (const double error : errors) history.add(epoch_record(1, error));
  return history;
}

TEST(History, knows_how_long_ago_the_best_epoch_was) {
  const std::vector<std::pair<std::vector<double>, Index>> cases = {
      {{}, 0}, {{3}, 0}, {{3, 2}, 0}, {{3, 2, 5}, 1}, {{1, 2, 1.5, 3}, 3}};
  for (const auto& [errors, since] : cases) {
    const History history = with_errors(errors);
    EXPECT_EQ(history.epochs_since_best(), since);
    EXPECT_EQ(history.is_best_epoch(), since == 0 && !errors.empty());
  }
}

TEST(History, an_equal_error_is_no_better) {
  const History history = with_errors({2, 2});
  EXPECT_FALSE(history.is_best_epoch());
  EXPECT_EQ(history.epochs_since_best(), 1);
}

TEST(History, pretraining_is_kept_apart) {
  History history;
  MetricsRecord record = epoch_record(1, 0.25);
  record.layer = 2;
  history.add(record);
  EXPECT_TRUE(history.validation_errors().empty());
  StateHeader header;
  history.store(header);
  EXPECT_EQ(header.doubles.at("/history/pretraining/layer"), std::vector<double>{2});
  EXPECT_EQ(header.doubles.at("/history/pretraining/validation_sse"), std::vector<double>{0.25});
  EXPECT_FALSE(header.doubles.contains("/history/loss"));
}

TEST(History, reads_back_what_it_stored) {
  History history = with_errors({2, 1, 3});
  StateHeader header;
  history.store(header);
  header.doubles["/position/epoch_loss"] = {7};
  History again;
  again.load(header);
  again.add(epoch_record(4, 0.5));
  history.add(epoch_record(4, 0.5));
  StateHeader one;
  StateHeader other;
  history.store(one);
  again.store(other);
  EXPECT_EQ(one.doubles, other.doubles);
  EXPECT_EQ(one.doubles.at("/history/epoch"), (std::vector<double>{1, 1, 1, 4}));
  EXPECT_EQ(one.doubles.size(), 6U);
}

TEST(History, an_epoch_without_validation_data_has_no_error) {
  History history;
  history.add(epoch_record(1, std::nullopt));
  ASSERT_EQ(history.validation_errors().size(), 1U);
  EXPECT_TRUE(std::isnan(history.validation_errors()[0]));
}

}  // namespace
}  // namespace hourglass
