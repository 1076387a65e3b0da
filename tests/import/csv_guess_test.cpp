#include "import/csv_guess.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

ColumnGuess guess_of(const std::vector<const char*>& cells, bool keep_all = false,
                     Index first_line = 2) {
  ColumnGuess guess({}, keep_all);
  for (const char* cell : cells) guess.add(cell, first_line++);
  return guess;
}

TEST(CsvGuess, counts_each_kind) {
  const ColumnGuess guess = guess_of({"1", "NA", "x", "2.5", "true", "2024-01-02", "", "1,5"});
  EXPECT_EQ(guess.numbers(), 2);
  EXPECT_EQ(guess.missing(), 2);
  EXPECT_EQ(guess.texts(), 2);
  EXPECT_EQ(guess.foreign(), 1);
  EXPECT_EQ(guess.present(), 6);
  EXPECT_EQ(guess.first_text(), "x");
  EXPECT_EQ(guess.text_line(), 4);
  EXPECT_EQ(guess.vocabulary(), (std::vector<std::string>{"1,5", "2024-01-02", "true", "x"}));
}

TEST(CsvGuess, parts_give_what_the_whole_gives) {
  const std::vector<const char*> cells = {
      "1/2/2024", "1/13/2024", "1/3/2024 10:00", "", "7", "16777217", "1e9", "b"};
  for (const bool keep_all : {false, true}) {
    const ColumnGuess whole = guess_of(cells, keep_all);
    for (std::size_t cut = 0; cut <= cells.size(); ++cut) {
      const auto middle = cells.begin() + static_cast<std::ptrdiff_t>(cut);
      ColumnGuess first =
          ColumnGuess::unpacked(guess_of({cells.begin(), middle}, keep_all).packed());
      ColumnGuess second = guess_of({middle, cells.end()}, keep_all, 1);
      second.shift_lines(static_cast<Index>(cut) + 1);
      first.merge(ColumnGuess::unpacked(second.packed()));
      EXPECT_EQ(first.present(), whole.present());
      EXPECT_EQ(first.missing(), whole.missing());
      EXPECT_EQ(first.vocabulary(), whole.vocabulary());
      EXPECT_EQ(first.text_line(), whole.text_line());
      EXPECT_EQ(first.first_text(), whole.first_text());
      EXPECT_EQ(first.needs_double(), whole.needs_double());
      EXPECT_EQ(first.dates(), whole.dates());
      EXPECT_EQ(first.all_dates(), whole.all_dates());
      for (const DateOrder order :
           {DateOrder::year_first, DateOrder::day_first, DateOrder::month_first})
        EXPECT_EQ(first.fits(order), whole.fits(order));
    }
  }
}

TEST(CsvGuess, texts_are_kept_up_to_a_limit) {
  ColumnGuess guess({}, false);
  for (std::size_t i = 0; i <= ColumnGuess::most_texts; ++i)
    guess.add("t" + std::to_string(i), static_cast<Index>(i));
  EXPECT_TRUE(guess.too_many());
  EXPECT_TRUE(guess.vocabulary().empty());
  ColumnGuess large({}, false);
  large.add(std::string(std::size_t{17} << 20, 'x'), 1);
  EXPECT_TRUE(large.too_many());
}

TEST(CsvGuess, words_for_true_and_false) {
  for (const char* word : {"true", "True", "TRUE", "yes", "YES"}) EXPECT_EQ(boolean_of(word), 1);
  for (const char* word : {"false", "False", "no", "No"}) EXPECT_EQ(boolean_of(word), 0);
  for (const char* word : {"", "y", "on", "truee", "1"}) EXPECT_EQ(boolean_of(word), -1);
}

}  // namespace
}  // namespace hourglass
