#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

std::optional<Error> error_of(const Communicator& communicator,
                              const std::function<void()>& action) {
  try {
    collectively(communicator, action);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

TEST(Collectively, runs_once_and_returns_when_nobody_throws) {
  const Communicator world = Communicator::world();
  int calls = 0;
  EXPECT_FALSE(error_of(world, [&] { ++calls; }).has_value());
  EXPECT_EQ(calls, 1);
}

TEST(Collectively, one_rank_throws_and_all_throw_the_same) {
  const Communicator world = Communicator::world();
  for (int thrower = 0; thrower < world.size(); ++thrower) {
    const std::string message = "rows.h5: row " + std::to_string(thrower) + " is bad";
    bool went_on = true;
    const auto error = error_of(world, [&] {
      if (world.rank() != thrower) return;
      went_on = false;
      throw Error(ErrorKind::data, message);
    });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind(), ErrorKind::data);
    EXPECT_EQ(error->what(), message);
    EXPECT_EQ(went_on, world.rank() != thrower);
  }
}

TEST(Collectively, lowest_throwing_rank_speaks) {
  const Communicator world = Communicator::world();
  const int first = world.size() / 2;
  const auto error = error_of(world, [&] {
    if (world.rank() < first) return;
    throw Error(world.rank() == first ? ErrorKind::io : ErrorKind::usage,
                "rank " + std::to_string(world.rank()));
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->kind(), ErrorKind::io);
  EXPECT_EQ(error->what(), "rank " + std::to_string(first));
}

TEST(Collectively, other_exceptions_are_bugs) {
  const Communicator world = Communicator::world();
  const int last = world.size() - 1;
  const auto standard = error_of(world, [&] {
    if (world.rank() == last) throw std::runtime_error("vector::at");
  });
  ASSERT_TRUE(standard.has_value());
  EXPECT_EQ(standard->kind(), ErrorKind::bug);
  EXPECT_NE(std::string(standard->what()).find("vector::at"), std::string::npos);
  const auto unknown = error_of(world, [&] {
    if (world.rank() == last) throw 42;
  });
  ASSERT_TRUE(unknown.has_value());
  EXPECT_EQ(unknown->kind(), ErrorKind::bug);
}

TEST(Collectively, works_after_a_failure) {
  const Communicator world = Communicator::world();
  EXPECT_TRUE(error_of(world, [] { throw Error(ErrorKind::io, "disk full"); }).has_value());
  EXPECT_FALSE(error_of(world, [] {}).has_value());
  EXPECT_EQ(world.max(Index{world.rank()}), world.size() - 1);
}

}  // namespace
}  // namespace hourglass
