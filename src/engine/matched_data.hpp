#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/data_identity.hpp"
#include "data/normalization.hpp"
#include "data/value_match.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// What a model takes: so many features, normalised by `transform`, of data such as `trained`;
/// nullopt for files written before 0.2, of which only the number of features is checked.
struct ModelInput {
  Index features = 0;
  const InputTransform* transform = nullptr;
  std::optional<DataIdentity> trained;
};

/// A data set as a model takes it: the features in the model's order, and the transform of its
/// stored values.
struct MatchedData {
  std::unique_ptr<DatasetReader> reader;
  ValueMatch values;
  InputTransform transform;
  std::vector<std::string> notes;  ///< what was put right or assumed, a line each
};

/// The user's own factor, by which values become those of the training (units and values are not
/// compared then), and the option that gives it.
struct GivenScale {
  std::optional<double> factor;
  std::string option = "--data-scale";
};

/// Compares an open data set with the data that a model was trained on (data/column_match.hpp,
/// data/value_match.hpp). Throws the same Error on every rank. Collective.
[[nodiscard]] MatchedData match_data(const Communicator& communicator,
                                     std::unique_ptr<DatasetReader> reader, const ModelInput& model,
                                     const GivenScale& scale = {});
/// The same in a process without MPI.
[[nodiscard]] MatchedData match_data(std::unique_ptr<DatasetReader> reader, const ModelInput& model,
                                     const GivenScale& scale = {});

}  // namespace hourglass
