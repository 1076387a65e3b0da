#include "math/code_product.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "hourglass/core/error.hpp"
#include "math/lanes.hpp"

namespace hourglass {

namespace {

using lanes::load;
using lanes::multiply_add;
using lanes::splat;
using lanes::store;
using lanes::Vector;

// Four registers of partial sums, so that a sum does not wait for the one before.
constexpr Index parts = 4;
using Parts = std::array<Vector, static_cast<std::size_t>(parts)>;

// Pairwise, in a fixed order.
float total(const Parts& sums) {
  const Vector v = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  alignas(64) std::array<float, static_cast<std::size_t>(lanes::count)> x;
  store(v, x.data());
  for (std::size_t half = lanes::count / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) x[i] += x[i + half];
  }
  return x[0];
}

// The rows of elements that follow are fetched early: their addresses do not follow a pattern.
[[gnu::always_inline]] inline void prefetch(const float* row, Index width) {
  for (Index c = 0; c < width; c += lanes::count) __builtin_prefetch(row + c);
}

// Columns [begin, begin + vectors lanes::count) of row r of Y.
template <Index vectors, bool first>
[[gnu::always_inline]] inline void multiply_columns(std::span<const std::int32_t> units,
                                                    std::span<const float> values,
                                                    ConstMatrix atoms, Index begin, float* y) {
  std::array<Vector, static_cast<std::size_t>(vectors)> sums{};
  if constexpr (!first) {
#pragma GCC unroll 16
    for (Index i = 0; i < vectors; ++i)
      sums[static_cast<std::size_t>(i)] = load(y + begin + i * lanes::count);
  }
  for (std::size_t e = 0; e < units.size(); ++e) {
    if (e + 1 < units.size())
      prefetch(atoms.data + units[e + 1] * atoms.stride + begin, vectors * lanes::count);
    const float* const atom = atoms.data + units[e] * atoms.stride + begin;
    const Vector value = splat(values[e]);
#pragma GCC unroll 16
    for (Index i = 0; i < vectors; ++i) {
      auto& sum = sums[static_cast<std::size_t>(i)];
      sum = multiply_add(value, load(atom + i * lanes::count), sum);
    }
  }
#pragma GCC unroll 16
  for (Index i = 0; i < vectors; ++i)
    store(sums[static_cast<std::size_t>(i)], y + begin + i * lanes::count);
}

template <bool first>
void multiply_row(std::span<const std::int32_t> units, std::span<const float> values,
                  ConstMatrix atoms, float* y) {
  Index c = 0;
  for (; c + 16 * lanes::count <= atoms.columns; c += 16 * lanes::count)
    multiply_columns<16, first>(units, values, atoms, c, y);
  for (; c + 4 * lanes::count <= atoms.columns; c += 4 * lanes::count)
    multiply_columns<4, first>(units, values, atoms, c, y);
  for (; c + lanes::count <= atoms.columns; c += lanes::count)
    multiply_columns<1, first>(units, values, atoms, c, y);
  for (; c < atoms.columns; ++c) {
    float sum = first ? 0 : y[c];
    for (std::size_t e = 0; e < units.size(); ++e)
      sum = std::fma(values[e], atoms.data[units[e] * atoms.stride + c], sum);
    y[c] = sum;
  }
}

// to += factor from; the first term of a sum is added to 0.
template <bool first>
[[gnu::always_inline]] inline void add_scaled(float factor, const float* from, Index width,
                                              float* to) {
  const Vector f = splat(factor);
  Index c = 0;
  for (; c + lanes::count <= width; c += lanes::count)
    store(multiply_add(f, load(from + c), first ? Vector{} : load(to + c)), to + c);
  for (; c < width; ++c) to[c] = std::fma(factor, from[c], first ? 0.0F : to[c]);
}

// The same, and the scalar product of `from` and `atom`.
template <bool first>
[[gnu::always_inline]] inline float add_scaled_and_multiply(float factor, const float* from,
                                                            const float* atom, Index width,
                                                            float* to) {
  const Vector f = splat(factor);
  Parts sums{};
  Index c = 0;
  const auto step = [&](Index at, Vector& sum) {
    const Vector v = load(from + at);
    sum = multiply_add(v, load(atom + at), sum);
    store(multiply_add(f, v, first ? Vector{} : load(to + at)), to + at);
  };
  for (; c + parts * lanes::count <= width; c += parts * lanes::count) {
#pragma GCC unroll 4
    for (Index i = 0; i < parts; ++i) step(c + i * lanes::count, sums[static_cast<std::size_t>(i)]);
  }
  for (; c + lanes::count <= width; c += lanes::count) step(c, sums[0]);
  float rest = 0;
  for (; c < width; ++c) {
    rest = std::fma(from[c], atom[c], rest);
    to[c] = std::fma(factor, from[c], first ? 0.0F : to[c]);
  }
  return total(sums) + rest;
}

[[gnu::always_inline]] inline float product(const float* a, const float* b, Index width) {
  Parts sums{};
  Index c = 0;
  for (; c + parts * lanes::count <= width; c += parts * lanes::count) {
#pragma GCC unroll 4
    for (Index i = 0; i < parts; ++i) {
      auto& sum = sums[static_cast<std::size_t>(i)];
      sum = multiply_add(load(a + c + i * lanes::count), load(b + c + i * lanes::count), sum);
    }
  }
  for (; c + lanes::count <= width; c += lanes::count)
    sums[0] = multiply_add(load(a + c), load(b + c), sums[0]);
  float rest = 0;
  for (; c < width; ++c) rest = std::fma(a[c], b[c], rest);
  return total(sums) + rest;
}

}  // namespace

float scalar_product(const float* a, const float* b, Index width) { return product(a, b, width); }

void multiply_listed(const float* x, ConstMatrix rows, std::span<const std::int32_t> listed,
                     float* products) {
  for (std::size_t i = 0; i < listed.size(); ++i) {
    if (i + 1 < listed.size()) prefetch(rows.data + listed[i + 1] * rows.stride, rows.columns);
    products[i] = product(x, rows.data + listed[i] * rows.stride, rows.columns);
  }
}

void multiply_code(const SparseRows& code, ConstMatrix atoms, Matrix y) {
  require(code.rows() == y.rows && code.width == atoms.rows && atoms.columns == y.columns,
          "the shapes of a sparse code and its matrix disagree");
  for (Index r = 0; r < y.rows; ++r)
    multiply_row<true>(code.columns_of(r), code.values_of(r), atoms, y.data + r * y.stride);
}

void add_code(const SparseRows& code, ConstMatrix atoms, Range rows, Matrix y) {
  require(code.rows() == y.rows && rows.end <= y.rows && code.width == atoms.rows &&
              atoms.columns == y.columns,
          "the shapes of a sparse code and its matrix disagree");
  for (Index r = rows.begin; r < rows.end; ++r)
    multiply_row<false>(code.columns_of(r), code.values_of(r), atoms, y.data + r * y.stride);
}

void code_gradients(const UnitElements& elements, std::span<const float> values, ConstMatrix atoms,
                    ConstMatrix dy, std::span<float> code_gradients, Matrix gradient, bool zeroed) {
  require(elements.units() == atoms.rows && atoms.columns == dy.columns &&
              gradient.rows == atoms.rows && gradient.columns == atoms.columns &&
              values.size() == code_gradients.size(),
          "the shapes of a sparse code and its gradients disagree");
  const Index width = dy.columns;
  for (Index u = 0; u < elements.units(); ++u) {
    const auto begin = static_cast<std::size_t>(elements.starts[static_cast<std::size_t>(u)]);
    const auto end = static_cast<std::size_t>(elements.starts[static_cast<std::size_t>(u) + 1]);
    float* const to = gradient.data + u * gradient.stride;
    if (begin == end) {
      if (!zeroed) std::fill_n(to, width, 0.0F);
      continue;
    }
    const float* const atom = atoms.data + u * atoms.stride;
    for (std::size_t e = begin; e < end; ++e) {
      if (e + 1 < elements.rows.size()) prefetch(dy.data + elements.rows[e + 1] * dy.stride, width);
      const auto place = static_cast<std::size_t>(elements.places[e]);
      const float* const from = dy.data + elements.rows[e] * dy.stride;
      code_gradients[place] =
          e == begin ? add_scaled_and_multiply<true>(values[place], from, atom, width, to)
                     : add_scaled_and_multiply<false>(values[place], from, atom, width, to);
    }
  }
}

void multiply_at(const SparseRows& code, ConstMatrix atoms, ConstMatrix dy,
                 std::span<float> code_gradients) {
  require(code.rows() == dy.rows && code.width == atoms.rows && atoms.columns == dy.columns &&
              code_gradients.size() == code.columns.size(),
          "the shapes of a sparse code and its gradients disagree");
  float* to = code_gradients.data();
  for (Index r = 0; r < dy.rows; ++r) {
    const std::span<const std::int32_t> units = code.columns_of(r);
    multiply_listed(dy.data + r * dy.stride, atoms, units, to);
    to += units.size();
  }
}

void gather_rows(const UnitElements& elements, std::span<const float> factors, ConstMatrix x,
                 Matrix gradient, bool zeroed) {
  require(elements.units() == gradient.rows && gradient.columns == x.columns,
          "the shapes of a sparse code and its gradient disagree");
  for (Index u = 0; u < elements.units(); ++u) {
    const auto begin = static_cast<std::size_t>(elements.starts[static_cast<std::size_t>(u)]);
    const auto end = static_cast<std::size_t>(elements.starts[static_cast<std::size_t>(u) + 1]);
    float* const to = gradient.data + u * gradient.stride;
    if (begin == end && !zeroed) std::fill_n(to, x.columns, 0.0F);
    for (std::size_t e = begin; e < end; ++e) {
      if (e + 1 < elements.rows.size())
        prefetch(x.data + elements.rows[e + 1] * x.stride, x.columns);
      const float factor = factors[static_cast<std::size_t>(elements.places[e])];
      const float* const from = x.data + elements.rows[e] * x.stride;
      if (e == begin) {
        add_scaled<true>(factor, from, x.columns, to);
      } else {
        add_scaled<false>(factor, from, x.columns, to);
      }
    }
  }
}

}  // namespace hourglass
