#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "hourglass/core/matrix_view.hpp"
#include "math/linalg.hpp"

namespace hourglass::test {

/// A matrix in double with the obvious operations: the reference of the rules for matrices.
struct SlowMatrix {
  Index rows = 0;
  Index columns = 0;
  std::vector<double> values;

  SlowMatrix(Index rows_, Index columns_)
      : rows(rows_), columns(columns_), values(static_cast<std::size_t>(rows * columns), 0.0) {}
  SlowMatrix(Index rows_, Index columns_, const std::vector<float>& from)
      : rows(rows_), columns(columns_), values(from.begin(), from.end()) {}

  double& operator()(Index r, Index c) { return values[static_cast<std::size_t>(r * columns + c)]; }
  double operator()(Index r, Index c) const {
    return values[static_cast<std::size_t>(r * columns + c)];
  }
  [[nodiscard]] SlowMatrix transposed() const {
    SlowMatrix result(columns, rows);
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < columns; ++c) result(c, r) = (*this)(r, c);
    }
    return result;
  }
  [[nodiscard]] double norm() const {
    double sum = 0;
    for (const double value : values) sum += value * value;
    return std::sqrt(sum);
  }
};

inline SlowMatrix operator*(const SlowMatrix& a, const SlowMatrix& b) {
  SlowMatrix result(a.rows, b.columns);
  for (Index i = 0; i < a.rows; ++i) {
    for (Index j = 0; j < b.columns; ++j) {
      for (Index k = 0; k < a.columns; ++k) result(i, j) += a(i, k) * b(k, j);
    }
  }
  return result;
}

inline SlowMatrix operator*(double factor, SlowMatrix m) {
  for (double& value : m.values) value *= factor;
  return m;
}

inline SlowMatrix operator+(SlowMatrix a, const SlowMatrix& b) {
  for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
  return a;
}

/// Eigenvectors of a symmetric matrix, one per row, largest eigenvalue first.
inline SlowMatrix eigenvectors(const SlowMatrix& m, std::vector<double>& eigenvalues) {
  std::vector<double> copy = m.values;
  const Eigenpairs pairs = largest_eigenpairs(m.rows, copy, m.rows);
  eigenvalues = pairs.values;
  SlowMatrix result(m.rows, m.rows);
  result.values = pairs.vectors;
  return result;
}

/// V^T f(eigenvalues / the largest) V.
inline SlowMatrix function_of(const SlowMatrix& m, const std::function<double(double)>& f) {
  std::vector<double> eigenvalues;
  const SlowMatrix vectors = eigenvectors(m, eigenvalues);
  SlowMatrix scaled = vectors;
  for (Index r = 0; r < m.rows; ++r) {
    for (Index c = 0; c < m.rows; ++c)
      scaled(r, c) *=
          f(std::max(0.0, eigenvalues[static_cast<std::size_t>(r)]) / eigenvalues.front());
  }
  return vectors.transposed() * scaled;
}

}  // namespace hourglass::test
