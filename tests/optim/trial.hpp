#pragma once

#include <gtest/gtest.h>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "hourglass/core/error.hpp"
#include "optim/optimizer.hpp"

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

  void update(const UpdateStep& step, const std::vector<float>& gradient) {
    update(step, gradient, 0, parameters.size());
  }

  void update(const UpdateStep& step, const std::vector<float>& gradient, std::size_t begin,
              std::size_t end) {
    std::vector<float*> runs;
    for (auto& moment : state) runs.push_back(moment.data() + begin);
    if (optimizer->layer_wise()) {
      // The rule element by element: with a ratio of 1.
      TensorNorms norms;
      optimizer->advance(step, std::span<const float>(parameters).subspan(begin, end - begin),
                         std::span<const float>(gradient).subspan(begin, end - begin), runs, norms);
    }
    optimizer->update(step, std::span(parameters).subspan(begin, end - begin),
                      std::span<const float>(gradient).subspan(begin, end - begin), runs);
  }
};

/// One element of a rule in double: `state` is the rule's state, `t` the step from 1, `g` the
/// scaled gradient.
using ElementRule = std::function<void(double& p, std::vector<double>& state, double g, Index t,
                                       double rate, double decay)>;

/// 300 updates with changing rate, scale and factors against the rule written in double.
inline void compare_with_rule(const OptimizerSettings& settings, std::size_t states,
                              const ElementRule& rule, double tolerance = 2e-5) {
  constexpr std::size_t size = 128;
  Trial trial(settings, normal_numbers(size, 0));
  std::vector<double> p(trial.parameters.begin(), trial.parameters.end());
  std::vector<std::vector<double>> state(size, std::vector<double>(states, 0.0));
  for (Index t = 1; t <= 300; ++t) {
    const UpdateStep step = {.step = t,
                             .learning_rate = 1e-2 / std::sqrt(static_cast<double>(t)),
                             .gradient_scale = t % 3 == 0 ? 0.3F : 1.0F,
                             .rate_factor = t % 5 == 0 ? 0.5 : 1.0,
                             .decay_factor = t % 2 == 0 ? 0.0 : 1.5};
    const auto gradient = normal_numbers(size, static_cast<std::uint64_t>(t));
    trial.update(step, gradient);
    for (std::size_t i = 0; i < size; ++i) {
      rule(p[i], state[i],
           static_cast<double>(step.gradient_scale) * static_cast<double>(gradient[i]), t,
           step.learning_rate * step.rate_factor, settings.weight_decay * step.decay_factor);
      ASSERT_NEAR(trial.parameters[i], p[i], tolerance * (1 + std::fabs(p[i])))
          << "element " << i << " after step " << t;
    }
  }
}

inline void expect_usage_error(const OptimizerSettings& settings,
                               const std::vector<std::string>& parts) {
  try {
    static_cast<void>(make_optimizer(settings));
    ADD_FAILURE() << "accepted, but should have named " << parts.front();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    const std::string message = error.what();
    for (const std::string& part : parts)
      EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

}  // namespace hourglass::test
