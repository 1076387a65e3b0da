#include "nn/initializer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

constexpr Index inputs = 301;
constexpr Index outputs = 203;

// Two dense layers of one shape.
struct Model {
  Layout layout;
  std::vector<TensorRole> roles;

  Model() {
    for (const char* layer : {"0", "1"}) {
      roles.push_back(
          {layout.add(std::string(layer) + "/weight", {outputs, inputs}), false, inputs, outputs});
      roles.push_back({layout.add(std::string(layer) + "/bias", {outputs}), true, inputs, outputs});
    }
  }
  [[nodiscard]] std::vector<float> arena(Initialization initialization,
                                         std::uint64_t seed = 1) const {
    std::vector<float> result(static_cast<std::size_t>(layout.size()), 0.0F);
    initialize(layout, roles, initialization, seed, result);
    return result;
  }
  [[nodiscard]] std::vector<float> tensor(const std::vector<float>& arena, Slot slot) const {
    const auto begin = arena.begin() + layout.tensor(slot).offset;
    return {begin, begin + layout.tensor(slot).size};
  }
};

std::vector<Initialization> all() {
  std::vector<Initialization> result;
  for (const std::string& name : initialization_names())
    result.push_back(initialization_from(name));
  return result;
}

struct Expectation {
  Initialization initialization;
  double variance;
  double limit;  // 0: normal, without a bound
};

std::vector<Expectation> expectations() {
  const double in = inputs;
  const double both = inputs + outputs;
  return {
      {Initialization::glorot_uniform, 2 / both, std::sqrt(6 / both)},
      {Initialization::glorot_normal, 2 / both, 0},
      {Initialization::he_uniform, 2 / in, std::sqrt(6 / in)},
      {Initialization::he_normal, 2 / in, 0},
      {Initialization::lecun_uniform, 1 / in, std::sqrt(3 / in)},
      {Initialization::lecun_normal, 1 / in, 0},
      {Initialization::pytorch, 1 / (3 * in), 1 / std::sqrt(in)},
  };
}

TEST(Initializer, moments_and_bounds_of_weights) {
  const Model model;
  for (const auto& [initialization, variance, limit] : expectations()) {
    const auto weights = model.tensor(model.arena(initialization), 0);
    const auto n = static_cast<double>(weights.size());
    double sum = 0;
    double square = 0;
    double fourth = 0;
    double largest = 0;
    for (const float weight : weights) {
      const auto x = static_cast<double>(weight);
      sum += x;
      square += x * x;
      fourth += x * x * x * x;
      largest = std::max(largest, std::fabs(x));
    }
    const std::string name(name_of(initialization));
    EXPECT_NEAR(sum / n, 0.0, 5 * std::sqrt(variance / n)) << name;
    EXPECT_NEAR(square / n / variance, 1.0, 5 * std::sqrt(2 / n)) << name;
    // The kurtosis tells the two shapes apart: 9/5 and 3.
    EXPECT_NEAR(fourth / n / (variance * variance), limit > 0 ? 1.8 : 3.0, 5 * std::sqrt(96 / n))
        << name;
    if (limit > 0) {
      EXPECT_LE(largest, limit * (1 + 0x1p-23)) << name;
      EXPECT_GT(largest, limit * 0.999) << name;
    } else {
      EXPECT_GT(largest, 3.5 * std::sqrt(variance)) << name;
    }
  }
}

TEST(Initializer, elements_are_those_of_the_counter_based_generator) {
  const Model model;
  constexpr std::uint64_t seed = 77;
  const CounterRandom random(seed, Purpose::initialization);
  const auto uniform = model.tensor(model.arena(Initialization::he_uniform, seed), 2);
  const auto normal = model.tensor(model.arena(Initialization::he_normal, seed), 2);
  for (std::size_t i = 0; i < uniform.size(); ++i) {
    const auto words = random.bits(2, 0, static_cast<std::uint32_t>(i / 4));
    const double unit = static_cast<double>(uniform_unit(words[i % 4]));
    EXPECT_EQ(uniform[i], static_cast<float>(std::sqrt(6.0 / inputs) * (2 * unit - 1)));
    const auto pair = normal_pair(words[i % 4 / 2 * 2], words[i % 4 / 2 * 2 + 1]);
    EXPECT_EQ(normal[i],
              static_cast<float>(std::sqrt(2.0 / inputs) * static_cast<double>(pair[i % 2])));
  }
}

TEST(Initializer, biases_start_at_zero_except_with_pytorch) {
  const Model model;
  for (const Initialization initialization : all()) {
    const auto bias = model.tensor(model.arena(initialization), 1);
    const bool zero = std::ranges::all_of(bias, [](float value) { return value == 0.0F; });
    EXPECT_EQ(zero, initialization != Initialization::pytorch) << name_of(initialization);
  }
  const auto bias = model.tensor(model.arena(Initialization::pytorch), 1);
  const double limit = 1 / std::sqrt(static_cast<double>(inputs));
  double square = 0;
  for (const float value : bias) {
    EXPECT_LE(std::fabs(value), limit);
    square += static_cast<double>(value) * static_cast<double>(value);
  }
  EXPECT_NEAR(square / outputs / (limit * limit / 3), 1.0, 0.4);
}

TEST(Initializer, same_seed_same_bits_and_other_seed_other_bits) {
  const Model model;
  for (const Initialization initialization : all()) {
    const auto arena = model.arena(initialization, 1);
    EXPECT_EQ(arena, model.arena(initialization, 1)) << name_of(initialization);
    const auto other = model.arena(initialization, 2);
    EXPECT_NE(model.tensor(arena, 0), model.tensor(other, 0)) << name_of(initialization);
  }
}

TEST(Initializer, tensors_differ_and_do_not_depend_on_each_other) {
  const Model model;
  for (const Initialization initialization : all()) {
    const auto arena = model.arena(initialization);
    EXPECT_NE(model.tensor(arena, 0), model.tensor(arena, 2)) << name_of(initialization);
    std::vector<float> alone(arena.size(), 0.0F);
    initialize(model.layout, std::vector{model.roles[2]}, initialization, 1, alone);
    EXPECT_EQ(model.tensor(alone, 2), model.tensor(arena, 2)) << name_of(initialization);
  }
}

TEST(Initializer, padding_becomes_zero_and_tensors_without_a_role_stay) {
  const Model model;
  for (const Initialization initialization : all()) {
    std::vector<float> arena(static_cast<std::size_t>(model.layout.size()), 7.0F);
    initialize(model.layout, std::vector{model.roles[0], model.roles[1]}, initialization, 1, arena);
    for (const Slot slot : {0, 1}) {
      const Tensor& tensor = model.layout.tensor(slot);
      const Range range = model.layout.range(slot);
      EXPECT_GT(range.end, tensor.offset + tensor.size);
      for (Index i = tensor.offset + tensor.size; i < range.end; ++i)
        EXPECT_EQ(arena[static_cast<std::size_t>(i)], 0.0F);
    }
    for (const Slot slot : {2, 3}) {
      const auto values = model.tensor(arena, slot);
      EXPECT_TRUE(std::ranges::all_of(values, [](float value) { return value == 7.0F; }));
    }
  }
}

TEST(Initializer, shared_slot_starts_by_its_first_role) {
  const Model model;
  auto roles = model.roles;
  roles.push_back({roles[0].slot, false, outputs, inputs});  // the transposed use in a tied decoder
  std::vector<float> arena(static_cast<std::size_t>(model.layout.size()), 0.0F);
  initialize(model.layout, roles, Initialization::he_uniform, 1, arena);
  EXPECT_EQ(arena, model.arena(Initialization::he_uniform));
}

TEST(Initializer, sparse_units_have_fifteen_normal_weights_each) {
  const Model model;
  const auto weights = model.tensor(model.arena(Initialization::sparse), 0);
  std::vector<int> uses(inputs, 0);
  std::set<std::vector<Index>> patterns;
  double square = 0;
  for (Index unit = 0; unit < outputs; ++unit) {
    std::vector<Index> pattern;
    for (Index input = 0; input < inputs; ++input) {
      const auto weight =
          static_cast<double>(weights[static_cast<std::size_t>(unit * inputs + input)]);
      if (weight == 0) continue;
      pattern.push_back(input);
      ++uses[static_cast<std::size_t>(input)];
      square += weight * weight;
    }
    EXPECT_EQ(pattern.size(), 15U) << unit;
    patterns.insert(pattern);
  }
  EXPECT_EQ(patterns.size(), static_cast<std::size_t>(outputs));
  EXPECT_NEAR(square / (15 * outputs), 1.0, 5 * std::sqrt(2.0 / (15 * outputs)));
  // Every input is equally likely: 300 degrees of freedom, deviation 24.5 (a little less without
  // replacement).
  const double expected = 15.0 * outputs / inputs;
  double chi_squared = 0;
  for (const int count : uses) chi_squared += (count - expected) * (count - expected) / expected;
  EXPECT_GT(chi_squared, 180.0);
  EXPECT_LT(chi_squared, 410.0);
}

TEST(Initializer, sparse_with_fewer_inputs_than_connections_is_dense) {
  Layout layout;
  const std::array roles = {TensorRole{layout.add("weight", {20, 7}), false, 7, 20}};
  std::vector<float> arena(static_cast<std::size_t>(layout.size()), 0.0F);
  initialize(layout, roles, Initialization::sparse, 3, arena);
  for (std::size_t i = 0; i < 140; ++i) EXPECT_NE(arena[i], 0.0F);
}

TEST(Initializer, names_go_both_ways) {
  EXPECT_EQ(initialization_names(),
            (std::vector<std::string>{"glorot-uniform", "glorot-normal", "he-uniform", "he-normal",
                                      "lecun-uniform", "lecun-normal", "pytorch", "sparse"}));
  for (const std::string& name : initialization_names())
    EXPECT_EQ(name_of(initialization_from(name)), name);
  EXPECT_EQ(initialization_from("he-normal"), Initialization::he_normal);
}

TEST(Initializer, unknown_name_lists_the_known_ones) {
  try {
    static_cast<void>(initialization_from("xavier"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    const std::string message = error.what();
    for (const char* part : {"initialization", "xavier", "glorot-uniform", "sparse"}) {
      EXPECT_NE(message.find(part), std::string::npos) << message;
    }
  }
}

TEST(Initializer, parts_have_the_values_of_the_whole) {
  const Model model;
  for (const Initialization kind :
       {Initialization::he_uniform, Initialization::he_normal, Initialization::sparse}) {
    std::vector<float> whole(static_cast<std::size_t>(model.layout.size()), 7.0F);
    std::vector<float> part = whole;
    initialize(model.layout, model.roles, kind, 1, whole);
    const std::vector<Range> parts = {{64, 192}, {256, 257}};
    initialize(model.layout, model.roles, kind, 1, part, parts);
    for (Index i = 0; i < model.layout.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      const bool written = (i >= 64 && i < 192) || i == 256;
      ASSERT_EQ(part[at], written ? whole[at] : 7.0F) << i;
    }
  }
}

TEST(Initializer, broken_promises_are_bugs) {
  const Model model;
  std::vector<float> arena(static_cast<std::size_t>(model.layout.size()), 0.0F);
  const auto attempt = [&](const TensorRole& role, std::span<float> memory) {
    initialize(model.layout, std::vector{role}, Initialization::he_normal, 1, memory);
  };
  EXPECT_THROW(attempt(model.roles[0], std::span(arena).first(64)), Error);
  EXPECT_THROW(attempt({4, false, inputs, outputs}, arena), Error);
  EXPECT_THROW(attempt({-1, false, inputs, outputs}, arena), Error);
  EXPECT_THROW(attempt({0, false, 0, outputs}, arena), Error);
}

}  // namespace
}  // namespace hourglass
