#include "analysis/embedding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "math/linalg.hpp"

namespace hourglass {

namespace {

std::vector<double> centred(ConstMatrix codes) {
  const Index n = codes.rows;
  const Index d = codes.columns;
  std::vector<double> x(static_cast<std::size_t>(n * d));
  for (Index j = 0; j < d; ++j) {
    double mean = 0;
    for (Index i = 0; i < n; ++i) mean += static_cast<double>(codes(i, j)) / static_cast<double>(n);
    for (Index i = 0; i < n; ++i)
      x[static_cast<std::size_t>(i * d + j)] = static_cast<double>(codes(i, j)) - mean;
  }
  return x;
}

// Squared distances of all pairs, n x n.
std::vector<double> squared_distances(ConstMatrix rows) {
  const Index n = rows.rows;
  std::vector<double> distances(static_cast<std::size_t>(n * n));
  for (Index i = 0; i < n; ++i) {
    for (Index j = i + 1; j < n; ++j) {
      double sum = 0;
      for (Index k = 0; k < rows.columns; ++k) {
        const double difference = static_cast<double>(rows(i, k)) - static_cast<double>(rows(j, k));
        sum += difference * difference;
      }
      distances[static_cast<std::size_t>(i * n + j)] =
          distances[static_cast<std::size_t>(j * n + i)] = sum;
    }
  }
  return distances;
}

// Turns row i of squared distances into probabilities p(j | i) whose entropy is ln(perplexity), by
// bisection of the precision.
void neighbourhood(std::span<double> row, std::size_t i, double perplexity) {
  const std::vector<double> distances(row.begin(), row.end());
  double nearest = std::numeric_limits<double>::infinity();
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (j != i) nearest = std::min(nearest, distances[j]);
  }
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  double precision = 1;
  for (int trial = 0; trial < 64; ++trial) {
    double sum = 0;
    double weighted = 0;
    for (std::size_t j = 0; j < row.size(); ++j) {
      // Relative to the nearest, so that the largest weight is 1 at any precision.
      row[j] = j == i ? 0 : std::exp(-precision * (distances[j] - nearest));
      sum += row[j];
      weighted += row[j] * (distances[j] - nearest);
    }
    // The nearest weighs 1, so the sum is no less.
    const double entropy = std::log(std::max(sum, 1.0)) + precision * weighted / sum;
    for (double& p : row) p /= sum;
    const double difference = entropy - std::log(perplexity);
    if (std::abs(difference) < 1e-5) return;
    (difference > 0 ? low : high) = precision;
    precision = std::isinf(high) ? precision * 2 : (low + high) / 2;
  }
}

std::vector<double> joint_probabilities(ConstMatrix rows, double perplexity) {
  const auto n = static_cast<std::size_t>(rows.rows);
  std::vector<double> p = squared_distances(rows);
  for (std::size_t i = 0; i < n; ++i) neighbourhood(std::span(p).subspan(i * n, n), i, perplexity);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) {
      p[i * n + j] = p[j * n + i] =
          std::max((p[i * n + j] + p[j * n + i]) / (2 * static_cast<double>(n)), 1e-12);
    }
  }
  return p;
}

// Gradient descent with momentum and a gain per coordinate, as in the paper.
class Descent {
 public:
  Descent(std::vector<double> probabilities, std::vector<double> start)
      : p_(std::move(probabilities)),
        y_(std::move(start)),
        n_(y_.size() / 2),
        velocity_(y_.size()),
        gain_(y_.size(), 1),
        weight_(n_ * n_) {}

  void step(double exaggeration, double momentum, double rate) {
    double total = 0;
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < n_; ++j) {
        const double dx = y_[2 * i] - y_[2 * j];
        const double dy = y_[2 * i + 1] - y_[2 * j + 1];
        const double q = 1 / (1 + dx * dx + dy * dy);
        weight_[i * n_ + j] = q;
        total += q;
      }
    }
    total -= static_cast<double>(n_);  // the diagonal
    for (std::size_t i = 0; i < n_; ++i) {
      double gx = 0;
      double gy = 0;
      for (std::size_t j = 0; j < n_; ++j) {
        const double q = weight_[i * n_ + j];
        const double force = (exaggeration * p_[i * n_ + j] - q / total) * q;
        gx += force * (y_[2 * i] - y_[2 * j]);
        gy += force * (y_[2 * i + 1] - y_[2 * j + 1]);
      }
      move(2 * i, 4 * gx, momentum, rate);
      move(2 * i + 1, 4 * gy, momentum, rate);
    }
    for (std::size_t c = 0; c < y_.size(); ++c) y_[c] += velocity_[c];
  }

  [[nodiscard]] std::vector<PlanePoint> points() const {
    std::vector<PlanePoint> points;
    for (std::size_t i = 0; i < n_; ++i) points.push_back({y_[2 * i], y_[2 * i + 1]});
    return points;
  }

 private:
  void move(std::size_t c, double gradient, double momentum, double rate) {
    const bool same_way = (gradient > 0) == (velocity_[c] > 0);
    gain_[c] = std::max(0.01, same_way ? gain_[c] * 0.8 : gain_[c] + 0.2);
    velocity_[c] = momentum * velocity_[c] - rate * gain_[c] * gradient;
  }

  std::vector<double> p_;
  std::vector<double> y_;
  std::size_t n_;
  std::vector<double> velocity_;
  std::vector<double> gain_;
  std::vector<double> weight_;
};

}  // namespace

std::vector<PlanePoint> principal_plane(ConstMatrix codes) {
  const Index n = codes.rows;
  const Index d = codes.columns;
  std::vector<PlanePoint> points(static_cast<std::size_t>(n));
  if (n == 0 || d == 0) return points;
  if (d <= 2) {
    for (Index i = 0; i < n; ++i) {
      points[static_cast<std::size_t>(i)] = {static_cast<double>(codes(i, 0)),
                                             d == 2 ? static_cast<double>(codes(i, 1)) : 0};
    }
    return points;
  }
  const std::vector<double> x = centred(codes);
  std::vector<double> covariance(static_cast<std::size_t>(d * d));
  add_gram(n, d, x, covariance);
  const Eigenpairs axes = largest_eigenpairs(d, covariance, 2);
  for (Index i = 0; i < n; ++i) {
    PlanePoint& point = points[static_cast<std::size_t>(i)];
    for (Index j = 0; j < d; ++j) {
      point.x += x[static_cast<std::size_t>(i * d + j)] * axes.vectors[static_cast<std::size_t>(j)];
      point.y +=
          x[static_cast<std::size_t>(i * d + j)] * axes.vectors[static_cast<std::size_t>(d + j)];
    }
  }
  return points;
}

std::vector<PlanePoint> tsne(ConstMatrix rows, const TsneSettings& settings) {
  const Index n = rows.rows;
  std::vector<PlanePoint> start = principal_plane(rows);
  if (n < 4) return start;
  double spread = 0;
  for (const PlanePoint& point : start)
    spread += (point.x * point.x + point.y * point.y) / static_cast<double>(n);
  const double scale = spread > 0 ? 1e-4 / std::sqrt(spread) : 1;
  std::vector<double> y;
  for (const PlanePoint& point : start) y.insert(y.end(), {scale * point.x, scale * point.y});
  Descent descent(
      joint_probabilities(rows, std::min(settings.perplexity, static_cast<double>(n - 1) / 3)),
      std::move(y));
  const Index early = settings.iterations / 3;
  const double rate = std::max(static_cast<double>(n) / 48, 50.0);
  for (Index i = 0; i < settings.iterations; ++i)
    descent.step(i < early ? 12 : 1, i < early ? 0.5 : 0.8, rate);
  return descent.points();
}

}  // namespace hourglass
