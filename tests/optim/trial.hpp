#pragma once

#include <gtest/gtest.h>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hourglass/core/error.hpp"
#include "hourglass/core/random.hpp"
#include "hourglass/optim/optimizer.hpp"

namespace hourglass::test {

/// Standard normal numbers, a function of `item`.
inline std::vector<float> normal_numbers(std::size_t size, std::uint64_t item) {
  const CounterRandom random(2024, Purpose::probe);
  std::vector<float> result(size);
  for (std::size_t i = 0; i < size; ++i) {
    const auto words = random.bits(item, 0, static_cast<std::uint32_t>(i));
    result[i] = normal_pair(words[0], words[1])[0];
  }
  return result;
}

/// Parameters under training by one optimizer, with its state.
struct Trial {
  std::unique_ptr<Optimizer> optimizer;
  std::vector<float> parameters;
  std::vector<std::vector<float>> state;

  Trial(const OptimizerSettings& settings, std::vector<float> start)
      : optimizer(make_optimizer(settings)),
        parameters(std::move(start)),
        state(optimizer->state_names().size(), std::vector<float>(parameters.size(), 0.0F)) {}

  void update(const UpdateStep& step, const std::vector<float>& gradient) { update(step, gradient, 0, parameters.size()); }

  void update(const UpdateStep& step, const std::vector<float>& gradient, std::size_t begin, std::size_t end) {
    std::vector<float*> runs;
    for (auto& moment : state) runs.push_back(moment.data() + begin);
    optimizer->update(step, std::span(parameters).subspan(begin, end - begin),
                      std::span<const float>(gradient).subspan(begin, end - begin), runs);
  }
};

inline void expect_usage_error(const OptimizerSettings& settings, const std::vector<std::string>& parts) {
  try {
    static_cast<void>(make_optimizer(settings));
    ADD_FAILURE() << "accepted, but should have named " << parts.front();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    const std::string message = error.what();
    for (const std::string& part : parts) EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

}  // namespace hourglass::test
