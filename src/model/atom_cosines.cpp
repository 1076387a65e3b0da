#include "model/atom_cosines.hpp"

#include <algorithm>
#include <cmath>

#include "core/buffer.hpp"
#include "math/blas.hpp"
#include "math/unit_norm.hpp"

namespace hourglass {

namespace {

constexpr Index chosen_at_once = 256;
constexpr Index others_at_once = 512;

// The dictionary of a model, with its atoms as rows or columns.
struct Atoms {
  ConstMatrix matrix;
  bool are_rows = false;

  [[nodiscard]] Index count() const { return are_rows ? matrix.rows : matrix.columns; }
  [[nodiscard]] Index width() const { return are_rows ? matrix.columns : matrix.rows; }
  // Every step-th atom from `first` on, as rows of norm 1.
  void copy(Index first, Index step, Matrix rows) const {
    for (Index r = 0; r < rows.rows; ++r) {
      const Index atom = first + r * step;
      for (Index c = 0; c < rows.columns; ++c)
        rows(r, c) = are_rows ? matrix(atom, c) : matrix(c, atom);
    }
    normalize_rows(rows);
  }
};

}  // namespace

std::vector<float> nearest_cosines(const Autoencoder& model, const float* parameters, Index most) {
  const Atoms atoms{model.dictionary(parameters), model.architecture().atoms_are_rows};
  const Index units = atoms.count();
  if (units < 2) return {};
  const Index step = std::max<Index>(1, (units + most - 1) / most);
  std::vector<float> nearest(static_cast<std::size_t>((units + step - 1) / step), -1.0F);
  const auto chosen = static_cast<Index>(nearest.size());
  Buffer<float> left(chosen_at_once * atoms.width());
  Buffer<float> right(others_at_once * atoms.width());
  Buffer<float> products(chosen_at_once * others_at_once);
  for (Index begin = 0; begin < chosen; begin += chosen_at_once) {
    const Matrix some(left.data(), std::min(chosen_at_once, chosen - begin), atoms.width());
    atoms.copy(begin * step, step, some);
    for (Index first = 0; first < units; first += others_at_once) {
      const Matrix others(right.data(), std::min(others_at_once, units - first), atoms.width());
      atoms.copy(first, 1, others);
      const Matrix cosines(products.data(), some.rows, others.rows);
      gemm(false, true, some, others, 0, cosines);
      for (Index r = 0; r < cosines.rows; ++r) {
        float& largest = nearest[static_cast<std::size_t>(begin + r)];
        const Index own = (begin + r) * step - first;
        for (Index c = 0; c < cosines.columns; ++c) {
          if (c != own) largest = std::max(largest, cosines(r, c));
        }
      }
    }
  }
  return nearest;
}

}  // namespace hourglass
