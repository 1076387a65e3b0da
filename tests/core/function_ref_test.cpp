#include "core/function_ref.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>

namespace hourglass {
namespace {

int call(FunctionRef<int(int)> function, int value) { return function(value); }

TEST(FunctionRef, calls_lambdas_functions_and_std_functions) {
  const std::array<int, 100> large = {7};
  int calls = 0;
  EXPECT_EQ(call([&calls, large](int value) { return ++calls + large[0] + value; }, 1), 9);
  EXPECT_EQ(calls, 1);
  const std::function<int(int)> twice = [](int value) { return 2 * value; };
  EXPECT_EQ(call(twice, 21), 42);
}

TEST(FunctionRef, copies_refer_to_the_same_callable) {
  int sum = 0;
  const auto add = [&sum](int value) { sum += value; };
  const FunctionRef<void(int)> first = add;
  const FunctionRef<void(int)> second = first;
  first(1);
  second(2);
  EXPECT_EQ(sum, 3);
}

TEST(FunctionRef, passes_references_through) {
  const auto set = [](int& value) { value = 5; };
  int value = 0;
  FunctionRef<void(int&)> function = set;
  function(value);
  EXPECT_EQ(value, 5);
}

}  // namespace
}  // namespace hourglass
