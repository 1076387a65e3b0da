#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// What an address leads to.
enum class StoredKind { nothing, numbers, texts, categories, other };

/// A file or object that cannot be opened counts as nothing. `categories` is a group with the data
/// sets codes and categories, as AnnData and pandas write a categorical column.
[[nodiscard]] StoredKind stored_kind(const DatasetAddress& address);

/// The values of a data set of text, N or N x 1, of fixed or variable length, without trailing
/// zeros and blanks of fixed-length texts. Throws as DatasetReader does for files, and Error(data)
/// for another shape.
[[nodiscard]] std::vector<std::string> read_text_values(const DatasetAddress& address);

/// An attribute that is a text or a list of texts (a text is cut into its lines); nothing when the
/// object has no such attribute, or one of another kind.
[[nodiscard]] std::vector<std::string> read_text_attribute(const DatasetAddress& address,
                                                           const std::string& attribute);

}  // namespace hourglass
