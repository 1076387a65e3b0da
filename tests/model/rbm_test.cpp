#include "model/rbm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "core/random.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

using Rows = std::vector<std::vector<double>>;

constexpr Index rows = 7;
constexpr std::uint64_t seed = 11;
constexpr std::uint32_t epoch = 3;

std::vector<std::uint64_t> ids() { return {4, 9, 2, 77, 5, 1000000007, 0}; }

float number(std::uint64_t item, Index i) {
  return uniform_unit(
      CounterRandom(5, Purpose::generation).bits(item, 0, static_cast<std::uint32_t>(i))[0]);
}

// Contrastive divergence rewritten in double, unit by unit.
class Reference {
 public:
  Reference(const RbmSpec& spec, const Layout& layout, std::span<const float> arena) : spec_(spec) {
    const auto tensor = [&](Slot slot) {
      const auto part = arena.subspan(static_cast<std::size_t>(layout.tensor(slot).offset),
                                      static_cast<std::size_t>(layout.tensor(slot).size));
      return std::vector<double>(part.begin(), part.end());
    };
    weight_ = tensor(0);
    hidden_bias_ = tensor(1);
    visible_bias_ = tensor(2);
  }

  [[nodiscard]] std::vector<double> up(const std::vector<double>& v) const {
    std::vector<double> h = hidden_bias_;
    for (std::size_t j = 0; j < h.size(); ++j) {
      for (std::size_t i = 0; i < v.size(); ++i) h[j] += weight_[j * v.size() + i] * v[i];
      h[j] = mean(spec_.hidden_unit, h[j]);
    }
    return h;
  }
  [[nodiscard]] std::vector<double> down(const std::vector<double>& h) const {
    std::vector<double> v = visible_bias_;
    for (std::size_t i = 0; i < v.size(); ++i) {
      for (std::size_t j = 0; j < h.size(); ++j) v[i] += weight_[j * v.size() + i] * h[j];
      v[i] = mean(spec_.visible_unit, v[i]);
    }
    return v;
  }
  // The gradient of one sample, in the order of the tensors.
  [[nodiscard]] std::vector<double> gradient(const std::vector<double>& v0, std::uint64_t id,
                                             double& first_error) const {
    const auto h0 = up(v0);
    auto h = h0;
    std::vector<double> v;
    for (Index step = 0; step < spec_.steps; ++step) {
      v = down(draw(spec_.hidden_unit, h, id, 2 * step));
      if (step == 0) {
        for (std::size_t i = 0; i < v.size(); ++i) first_error += (v[i] - v0[i]) * (v[i] - v0[i]);
      }
      if (spec_.sample_visible) v = draw(spec_.visible_unit, v, id, 2 * step + 1);
      h = up(v);
    }
    std::vector<double> result;
    for (std::size_t j = 0; j < h.size(); ++j) {
      for (std::size_t i = 0; i < v.size(); ++i) result.push_back(h[j] * v[i] - h0[j] * v0[i]);
    }
    for (std::size_t j = 0; j < h.size(); ++j) result.push_back(h[j] - h0[j]);
    for (std::size_t i = 0; i < v.size(); ++i) result.push_back(v[i] - v0[i]);
    return result;
  }

 private:
  static double mean(RbmUnit unit, double a) {
    return unit == RbmUnit::bernoulli ? 1 / (1 + std::exp(-a)) : a;
  }
  static std::vector<double> draw(RbmUnit unit, std::vector<double> means, std::uint64_t id,
                                  Index place) {
    const CounterRandom random(seed, Purpose::pretraining);
    for (std::size_t u = 0; u < means.size(); ++u) {
      const auto words = random.bits(
          id, epoch, static_cast<std::uint32_t>((place << 20) | static_cast<Index>(u / 4)));
      if (unit == RbmUnit::bernoulli) {
        means[u] = static_cast<double>(uniform_unit(words[u % 4])) < means[u] ? 1 : 0;
      } else {
        const auto pair =
            u % 4 < 2 ? normal_pair(words[0], words[1]) : normal_pair(words[2], words[3]);
        means[u] += static_cast<double>(pair[u % 2]);
      }
    }
    return means;
  }

  RbmSpec spec_;
  std::vector<double> weight_;
  std::vector<double> hidden_bias_;
  std::vector<double> visible_bias_;
};

void compare(const RbmSpec& spec) {
  const Rbm rbm(spec);
  Buffer<float> arena(rbm.layout().size());
  for (const Tensor& tensor : rbm.layout().tensors()) {
    for (Index i = 0; i < tensor.size; ++i)
      arena[tensor.offset + i] = 0.8F * (number(1, tensor.offset + i) - 0.5F);
  }
  Buffer<float> samples(rows * spec.visible);
  for (Index i = 0; i < samples.size(); ++i) samples[i] = number(2, i);
  auto workspace = rbm.make_workspace(rows + 2);
  Buffer<float> gradient(rbm.layout().size());
  const auto keys = ids();
  const ConstMatrix x(samples.data(), rows, spec.visible);
  const LossSums sums =
      rbm.train_pass(arena.data(), x, 0.25F, workspace, gradient.data(),
                     {.training = true, .seed = seed, .epoch = epoch, .sample_ids = keys}, {});

  const Reference reference(spec, rbm.layout(), arena.span());
  std::vector<double> expected;
  double error = 0;
  for (Index r = 0; r < rows; ++r) {
    const auto part = reference.gradient({x.row(r).begin(), x.row(r).end()},
                                         keys[static_cast<std::size_t>(r)], error);
    expected.resize(part.size());
    for (std::size_t i = 0; i < part.size(); ++i) expected[i] += 0.25 * part[i];
  }
  std::size_t at = 0;
  for (const Tensor& tensor : rbm.layout().tensors()) {
    for (Index i = 0; i < tensor.size; ++i, ++at)
      ASSERT_NEAR(gradient[tensor.offset + i], expected[at], 2e-5) << tensor.name << " " << i;
  }
  EXPECT_NEAR(sums.loss, error, 1e-4 * error);
}

TEST(Rbm, gradient_is_that_of_contrastive_divergence) {
  for (const RbmUnit visible : {RbmUnit::bernoulli, RbmUnit::gaussian}) {
    for (const RbmUnit hidden : {RbmUnit::bernoulli, RbmUnit::gaussian}) {
      for (const Index steps : {1, 3}) {
        for (const bool sampled : {false, true}) compare({11, 6, visible, hidden, steps, sampled});
      }
    }
  }
}

TEST(Rbm, no_samples_give_no_gradient) {
  const Rbm rbm({5, 3});
  Buffer<float> arena(rbm.layout().size());
  Buffer<float> gradient(rbm.layout().size());
  gradient[0] = 7;
  auto workspace = rbm.make_workspace(4);
  Range announced;
  const LossSums sums =
      rbm.train_pass(arena.data(), {arena.data(), 0, 5}, 1, workspace, gradient.data(), {},
                     [&](Range range) { announced = range; });
  EXPECT_EQ(gradient[0], 0);
  EXPECT_EQ(sums.loss, 0);
  EXPECT_EQ(announced, (Range{0, rbm.layout().size()}));
}

TEST(Rbm, refuses_a_chain_without_steps) {
  EXPECT_THROW(Rbm({5, 3, RbmUnit::bernoulli, RbmUnit::bernoulli, 0}), Error);
  EXPECT_THROW(Rbm({5, 3, RbmUnit::bernoulli, RbmUnit::bernoulli, 1001}), Error);
}

// ln p(v) of a small machine, the partition function by enumeration of all visible states.
double log_likelihood(std::span<const float> w, std::span<const float> c, std::span<const float> b,
                      const Rows& data) {
  const auto minus_free_energy = [&](const std::vector<double>& v) {
    double sum = 0;
    for (std::size_t i = 0; i < v.size(); ++i) sum += static_cast<double>(b[i]) * v[i];
    for (std::size_t j = 0; j < c.size(); ++j) {
      double a = static_cast<double>(c[j]);
      for (std::size_t i = 0; i < v.size(); ++i)
        a += static_cast<double>(w[j * v.size() + i]) * v[i];
      sum += std::log1p(std::exp(a));
    }
    return sum;
  };
  double partition = 0;
  for (unsigned state = 0; state < (1U << b.size()); ++state) {
    std::vector<double> v(b.size());
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = (state >> i) & 1U;
    partition += std::exp(minus_free_energy(v));
  }
  double sum = 0;
  for (const auto& v : data) sum += minus_free_energy(v) - std::log(partition);
  return sum / static_cast<double>(data.size());
}

TEST(Rbm, contrastive_divergence_raises_the_likelihood) {
  // Two patterns of eight units with a flipped bit here and there: a uniform model gives them -8 ln
  // 2 = -5.55.
  Rows data;
  for (int n = 0; n < 32; ++n) {
    std::vector<double> v(8);
    for (int i = 0; i < 8; ++i)
      v[static_cast<std::size_t>(i)] = ((n % 2 == 0) == (i < 4)) != (n % 8 == i) ? 1 : 0;
    data.push_back(v);
  }
  const RbmSpec spec{8, 4, RbmUnit::bernoulli, RbmUnit::bernoulli, 1, false};
  const Rbm rbm(spec);
  Buffer<float> arena(rbm.layout().size());
  for (Index i = 0; i < rbm.layout().tensor(0).size; ++i) arena[i] = 0.1F * (number(3, i) - 0.5F);
  Buffer<float> samples(32 * 8);
  for (Index r = 0; r < 32; ++r) {
    for (Index i = 0; i < 8; ++i)
      samples[r * 8 + i] =
          static_cast<float>(data[static_cast<std::size_t>(r)][static_cast<std::size_t>(i)]);
  }
  std::vector<std::uint64_t> keys(32);
  std::iota(keys.begin(), keys.end(), 0);
  auto workspace = rbm.make_workspace(32);
  Buffer<float> gradient(rbm.layout().size());
  const ConstMatrix x(samples.data(), 32, 8);
  const auto part = [&](Slot slot) {
    const Tensor& tensor = rbm.layout().tensor(slot);
    return std::span<const float>(arena.data() + tensor.offset,
                                  static_cast<std::size_t>(tensor.size));
  };
  const double before = log_likelihood(part(0), part(1), part(2), data);
  const double error_before = rbm.evaluate(arena.data(), x, workspace).squared_error;
  for (std::uint32_t e = 0; e < 400; ++e) {
    rbm.train_pass(arena.data(), x, 1.0F / 32, workspace, gradient.data(),
                   {.training = true, .seed = 1, .epoch = e, .sample_ids = keys}, {});
    for (Index i = 0; i < arena.size(); ++i) arena[i] -= 0.3F * gradient[i];
  }
  EXPECT_LT(before, -5.4);
  EXPECT_GT(log_likelihood(part(0), part(1), part(2), data), -3.6);
  EXPECT_LT(rbm.evaluate(arena.data(), x, workspace).squared_error, 0.5 * error_before);
}

}  // namespace
}  // namespace hourglass
