#include "optim/lbfgs.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"
#include "math/exact_sum.hpp"

namespace hourglass {

namespace {

// Below this cosine between s and y the pair would say more of rounding than of curvature.
constexpr double smallest_curvature = 1e-10;

// y += factor x
void add_multiple(double factor, std::span<const float> x, std::span<float> y) {
  for (std::size_t i = 0; i < y.size(); ++i) {
    y[i] = static_cast<float>(static_cast<double>(y[i]) + factor * static_cast<double>(x[i]));
  }
}

}  // namespace

void Lbfgs::direction(std::span<const float> gradient, const Product& product,
                      std::span<float> direction) {
  require(static_cast<Index>(gradient.size()) == size_ && gradient.size() == direction.size(),
          "a direction of another length");
  for (std::size_t i = 0; i < gradient.size(); ++i) direction[i] = -gradient[i];
  for (std::size_t p = pairs_.size(); p-- > 0;) {
    alpha_[p] = product(pairs_[p].step.span(), direction) / pairs_[p].curvature;
    add_multiple(-alpha_[p], pairs_[p].change.span(), direction);
  }
  if (!pairs_.empty()) {
    const double scale = pairs_.back().curvature / pairs_.back().change_squared;
    for (float& value : direction) value = static_cast<float>(scale * static_cast<double>(value));
  }
  for (std::size_t p = 0; p < pairs_.size(); ++p) {
    const double beta = product(pairs_[p].change.span(), direction) / pairs_[p].curvature;
    add_multiple(alpha_[p] - beta, pairs_[p].step.span(), direction);
  }
}

bool Lbfgs::add(std::span<const float> step, std::span<const float> change,
                const Product& product) {
  require(static_cast<Index>(step.size()) == size_ && step.size() == change.size(),
          "a pair of another length");
  const double curvature = product(step, change);
  const double step_squared = product(step, step);
  const double change_squared = product(change, change);
  if (!(curvature > 0 && curvature * curvature > smallest_curvature * smallest_curvature *
                                                     step_squared * change_squared))
    return false;
  Pair pair;
  if (pairs() == history_) {
    pair = std::move(pairs_.front());
    pairs_.erase(pairs_.begin());
  } else {
    pair.step = Buffer<float>(size_);
    pair.change = Buffer<float>(size_);
  }
  std::ranges::copy(step, pair.step.data());
  std::ranges::copy(change, pair.change.data());
  pair.curvature = curvature;
  pair.change_squared = change_squared;
  pairs_.push_back(std::move(pair));
  return true;
}

void add_products(std::span<const float> a, std::span<const float> b, ExactSum& sum) {
  constexpr auto cell = static_cast<std::size_t>(cell_floats);
  require(a.size() == b.size() && a.size() % cell == 0,
          "an inner product of runs that are not whole cells");
  for (std::size_t i = 0; i < a.size(); i += cell) {
    // Eight sums side by side: a loop the compiler can make vectors of without changing the order.
    double sums[8] = {};
    for (std::size_t j = 0; j < cell; j += 8) {
      for (std::size_t k = 0; k < 8; ++k) {
        sums[k] += static_cast<double>(a[i + j + k]) * static_cast<double>(b[i + j + k]);
      }
    }
    sum.add(((sums[0] + sums[4]) + (sums[2] + sums[6])) +
            ((sums[1] + sums[5]) + (sums[3] + sums[7])));
  }
}

}  // namespace hourglass
