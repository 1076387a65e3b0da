#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/normalization.hpp"
#include "data/value_range.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// What a model remembers of the data that it was trained on, so that other data can be compared
/// with them. Stored as texts of the model file; data_identity.cpp has one table of the fields.
/// Additive: a field that a file lacks keeps its default, one that this version does not know is
/// ignored.
struct DataIdentity {
  ElementType type = ElementType::f32;  ///< as stored
  std::vector<Index> sample_shape;      ///< H x W x C of images; empty when a sample is one number
  Normalize normalize = Normalize::none;   ///< resolved
  ValueRange range;                        ///< of the stored values; may be unknown
  std::string units;                       ///< "" when unknown
  std::vector<std::string> feature_names;  ///< empty when unknown

  [[nodiscard]] Index features() const;
};

/// The identity of a data set, without its range.
[[nodiscard]] DataIdentity identity_of(const DatasetInfo& info, Normalize normalize);

/// E.g. "uint8, 28 x 28, values from 0 to 255, units K".
[[nodiscard]] std::string describe(const DataIdentity& identity);
/// E.g. "28 x 28"; "1" for single numbers.
[[nodiscard]] std::string describe_shape(const std::vector<Index>& sample_shape);

/// Adds the fields to the texts of a model file, and reads them back: nullopt for a file that has
/// none (written before 0.2). Throws Error(data) naming `file` for a field that cannot be read.
void store_identity(const DataIdentity& identity, std::map<std::string, std::string>& texts);
[[nodiscard]] std::optional<DataIdentity> load_identity(
    const std::map<std::string, std::string>& texts, const std::string& file);

/// The lines that show it: what it describes, and the first feature names.
[[nodiscard]] std::vector<std::string> lines_of(const DataIdentity& identity);
/// Whether a text of a model file is a field of the identity.
[[nodiscard]] bool is_identity_field(const std::string& name);

/// The text that stores a list of names: one per line. Control characters become blanks.
[[nodiscard]] std::string names_text(const std::vector<std::string>& names);

}  // namespace hourglass
