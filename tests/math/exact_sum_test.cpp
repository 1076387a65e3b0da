#include "math/exact_sum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace hourglass {
namespace {

constexpr double smallest = std::numeric_limits<double>::denorm_min();
constexpr double infinity = std::numeric_limits<double>::infinity();

ExactSum sum_of(const std::vector<double>& terms) {
  ExactSum sum;
  for (const double term : terms) sum.add(term);
  return sum;
}

double value_of(const std::vector<double>& terms) { return sum_of(terms).value(); }

// Any sign, exponent and mantissa.
double random_double(std::mt19937_64& random, int lowest_exponent = -1074,
                     int highest_exponent = 970) {
  const double mantissa = static_cast<double>(random() >> 11) * (random() % 2 == 0 ? 1 : -1);
  return std::ldexp(mantissa,
                    std::uniform_int_distribution<int>(lowest_exponent, highest_exponent)(random));
}

TEST(ExactSum, one_term_comes_back) {
  std::mt19937_64 random(1);
  for (const double x : {0.0, 1.0, -1.0, smallest, -smallest, DBL_MIN, -DBL_MIN, DBL_MAX, -DBL_MAX,
                         0.1, -1e300, 3e-310}) {
    EXPECT_EQ(value_of({x}), x);
  }
  for (int i = 0; i < 100000; ++i) {
    const double x = random_double(random);
    ASSERT_EQ(value_of({x}), x);
  }
}

TEST(ExactSum, empty_is_zero) {
  EXPECT_EQ(ExactSum().value(), 0.0);
  ExactSum sum = sum_of({1.0, infinity});
  sum.clear();
  EXPECT_EQ(sum.value(), 0.0);
}

TEST(ExactSum, two_terms_round_like_the_processor) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 200000; ++i) {
    const int exponent = std::uniform_int_distribution<int>(-1074, 960)(random);
    const double a = random_double(random, exponent, std::min(exponent + 60, 965));
    const double b = random_double(random, exponent, std::min(exponent + 60, 965));
    ASSERT_EQ(value_of({a, b}), a + b) << a << " + " << b;
  }
}

TEST(ExactSum, ties_go_to_even_and_one_more_bit_decides) {
  EXPECT_EQ(value_of({1.0, 0x1p-53}), 1.0);
  EXPECT_EQ(value_of({1.0 + 0x1p-52, 0x1p-53}), 1.0 + 0x1p-51);
  EXPECT_EQ(value_of({1.0, 0x1p-53, smallest}), 1.0 + 0x1p-52);
  EXPECT_EQ(value_of({1.0 + 0x1p-52, 0x1p-53, -smallest}), 1.0 + 0x1p-52);
  EXPECT_EQ(value_of({-1.0, -0x1p-53, -smallest}), -1.0 - 0x1p-52);
}

TEST(ExactSum, cancellation_leaves_what_is_left) {
  EXPECT_EQ(value_of({1e300, 1.0, -1e300}), 1.0);
  EXPECT_EQ(value_of({DBL_MAX, smallest, -DBL_MAX}), smallest);
  EXPECT_EQ(value_of({0.1, 0.2, -0.1, -0.2}), 0.0);
  EXPECT_EQ(value_of({-1e-300, 1e300, -1e300}), -1e-300);
}

TEST(ExactSum, sums_beyond_the_doubles_and_back) {
  EXPECT_EQ(value_of({DBL_MAX, DBL_MAX}), infinity);
  EXPECT_EQ(value_of({-DBL_MAX, -DBL_MAX}), -infinity);
  std::vector<double> terms(100000, DBL_MAX);
  EXPECT_EQ(value_of(terms), infinity);
  terms.insert(terms.end(), 99999, -DBL_MAX);
  EXPECT_EQ(value_of(terms), DBL_MAX);
}

TEST(ExactSum, subnormals_add_up) {
  EXPECT_EQ(value_of(std::vector<double>(1000, smallest)), 1000 * smallest);
  EXPECT_EQ(value_of({DBL_MIN, -smallest}), DBL_MIN - smallest);
  EXPECT_EQ(value_of({3e-310, 2e-309, -1e-310}), (3e-310 + 2e-309) - 1e-310);
}

TEST(ExactSum, not_a_finite_term_gives_nan) {
  for (const double bad : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_TRUE(std::isnan(value_of({1.0, bad, 2.0})));
    ExactSum sum = sum_of({1.0});
    sum.add(sum_of({bad}));
    EXPECT_TRUE(std::isnan(sum.value()));
  }
  EXPECT_TRUE(std::isnan(value_of({infinity, -infinity})));
}

TEST(ExactSum, order_and_grouping_do_not_matter) {
  std::mt19937_64 random(3);
  std::vector<double> terms;
  for (int i = 0; i < 3000; ++i) terms.push_back(random_double(random, -200, 100));
  const double expected = value_of(terms);
  for (int trial = 0; trial < 20; ++trial) {
    std::ranges::shuffle(terms, random);
    std::vector<ExactSum> groups(1 + random() % 9);
    for (const double term : terms) groups[random() % groups.size()].add(term);
    ExactSum total;
    for (const ExactSum& group : groups) total.add(group);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(total.value()), std::bit_cast<std::uint64_t>(expected));
  }
}

TEST(ExactSum, agrees_with_integers) {
  std::mt19937_64 random(4);
  ExactSum sum;
  __extension__ __int128 exact = 0;
  for (int i = 0; i < 100000; ++i) {
    const auto term = static_cast<std::int64_t>(random()) >> 11;
    sum.add(static_cast<double>(term));
    exact += term;
    if (i % 1000 == 0) {
      ASSERT_EQ(sum.value(), static_cast<double>(exact));
    }
  }
}

TEST(ExactSum, merges_through_words) {
  std::mt19937_64 random(5);
  std::vector<double> terms;
  for (int i = 0; i < 5000; ++i) terms.push_back(random_double(random));
  std::vector<ExactSum> ranks(7);
  for (std::size_t i = 0; i < terms.size(); ++i) ranks[i % 7].add(terms[i]);
  ExactSum total;
  const auto words = total.words();
  for (ExactSum& rank : ranks) {
    const auto part = rank.words();
    for (std::size_t i = 0; i < words.size(); ++i) words[i] += part[i];
  }
  EXPECT_EQ(total.value(), value_of(terms));
  // The merged sum takes further terms.
  total.add(1e290);
  terms.push_back(1e290);
  EXPECT_EQ(total.value(), value_of(terms));
}

TEST(ExactSum, words_of_equal_sums_are_equal) {
  ExactSum a = sum_of({1e20, 1.0, -3.0});
  ExactSum b = sum_of({-1.0, 5e19, -1.0, 5e19, 0.0});
  EXPECT_TRUE(std::ranges::equal(a.words(), b.words()));
}

TEST(ExactSum, words_of_a_billion_ranks_do_not_overflow) {
  // As many equal ranks as promised: their words times 2^30, added as integers.
  for (const double x : {DBL_MAX / 4, -1e10, -smallest}) {
    ExactSum sum = sum_of({x});
    for (std::int64_t& word : sum.words()) word *= std::int64_t{1} << 30;
    EXPECT_EQ(sum.value(), x * 0x1p30);
    sum.add(x);
    ExactSum twice = sum;
    twice.add(sum);
    EXPECT_EQ(twice.value(), x * 0x1p31 + 2 * x);
  }
}

TEST(ExactSum, many_terms_of_one_sign_carry_in_time) {
  // 2^31 additions by doubling: an accumulator without carry propagation would overflow.
  for (const double x : {0x1.fffffffffffffp0, -0x1.fffffffffffffp0}) {
    ExactSum sum = sum_of({x});
    double exact = x;
    for (int i = 0; i < 40; ++i) {
      const ExactSum copy = sum;
      sum.add(copy);
      exact *= 2;
      ASSERT_EQ(sum.value(), exact);
    }
  }
}

}  // namespace
}  // namespace hourglass
