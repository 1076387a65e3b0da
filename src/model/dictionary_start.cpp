#include "model/dictionary_start.hpp"

#include "hourglass/core/error.hpp"
#include "math/unit_norm.hpp"

namespace hourglass {

namespace {

Range pre_bias_range(const Autoencoder& model) {
  const Slot slot = model.architecture().pre_bias;
  require(slot >= 0, "a model without a pre-bias");
  const Tensor& tensor = model.layout().tensor(slot);
  return {tensor.offset, tensor.offset + tensor.size};
}

Matrix matrix_of(const Tensor& tensor, float* parameters) {
  return {parameters + tensor.offset, tensor.shape[0], tensor.shape[1]};
}

template <class T>
std::span<T> part(std::span<T> arena, Range range) {
  return arena.subspan(static_cast<std::size_t>(range.begin),
                       static_cast<std::size_t>(range.size()));
}

}  // namespace

void normalize_atoms(const Autoencoder& model, float* parameters) {
  const Architecture& architecture = model.architecture();
  const Matrix atoms = matrix_of(model.layout().tensor(architecture.dictionary), parameters);
  if (!architecture.atoms_are_rows) return normalize_columns(atoms);
  const Range held = model.held_units();
  normalize_rows({atoms.row(held.begin).data(), held.size(), atoms.columns});
}

void tie_start(const Autoencoder& model, std::span<float> parameters) {
  if (!model.spec().dictionary.tied_start) return;
  const Architecture& architecture = model.architecture();
  const ConstMatrix atoms = model.dictionary(parameters.data());
  const Matrix encoder =
      matrix_of(model.layout().tensor(architecture.code_weights), parameters.data());
  const Range held = model.held_units();
  for (Index j = held.begin; j < held.end; ++j) {
    for (Index c = 0; c < encoder.columns; ++c)
      encoder(j, c) = architecture.atoms_are_rows ? atoms(j, c) : atoms(c, j);
  }
}

std::span<float> pre_bias_of(const Autoencoder& model, std::span<float> arena) {
  return part(arena, pre_bias_range(model));
}

std::span<const float> pre_bias_of(const Autoencoder& model, std::span<const float> arena) {
  return part(arena, pre_bias_range(model));
}

}  // namespace hourglass
