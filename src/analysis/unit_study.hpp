#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "engine/worker_pool.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// For each unit of a code, the number of samples that use it and those that use it most.
struct UnitStudy {
  struct Top {
    float value = -std::numeric_limits<float>::infinity();
    Index row = -1;  ///< -1: fewer samples use the unit
  };
  Index samples = 0;
  Index top = 0;                  ///< samples kept of each unit
  std::vector<std::int64_t> use;  ///< samples in which the unit is not 0
  std::vector<Top> best;          ///< units x top: largest value first, of equal ones the lower row

  [[nodiscard]] Index units() const { return static_cast<Index>(use.size()); }
  [[nodiscard]] std::span<const Top> best_of(Index unit) const {
    return std::span(best).subspan(static_cast<std::size_t>(unit * top),
                                   static_cast<std::size_t>(top));
  }
};

/// Encodes a data set. The result is the same on any number of ranks and threads, and complete on
/// rank 0. Values at most 0 are no use of a unit. Collective. Throws the same Error on every rank.
[[nodiscard]] UnitStudy study_units(const Communicator& communicator, const Model& model,
                                    const DatasetReader& reader, const InputTransform& transform,
                                    Index micro_batch, WorkerPool& pool, Index top);

/// Whether a model has a sparse code whose units have atoms.
[[nodiscard]] bool has_atoms(const Model& model);

/// The atom of a unit, which it adds to the output per unit of activation, in the network's units;
/// empty if the decoder is more than one dense layer with a linear output.
[[nodiscard]] std::vector<float> atom_of(const Model& model, Index unit);

/// The features of an atom that are largest by magnitude, largest first, and their values in the
/// units of `outputs`, that of the model's outputs.
struct AtomFeature {
  Index feature = 0;
  double value = 0;
};
[[nodiscard]] std::vector<AtomFeature> largest_features(std::span<const float> atom,
                                                        const InputTransform& outputs, Index count);
/// The same of a unit, in the units of the training data.
[[nodiscard]] std::vector<AtomFeature> largest_features(const Model& model, Index unit,
                                                        Index count);

}  // namespace hourglass
