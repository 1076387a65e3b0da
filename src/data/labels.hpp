#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// The labels of samples: one number each, and the names of the classes that numbers stand for.
struct Labels {
  std::string source;                ///< where they lie, for messages
  std::vector<std::int64_t> values;  ///< of each sample
  /// Class v is called names[v]; without names a class is called by its number.
  std::vector<std::string> names = {};

  /// What class `value` is called.
  [[nodiscard]] std::string name_of(std::int64_t value) const;
  /// The class of that name: among the names, or the number; nothing when there is none.
  [[nodiscard]] std::optional<std::int64_t> find(const std::string& name) const;
};

/// The attribute of a label data set with the names of its classes, one text each. (Attributes
/// "classes" with one name per line, as imports of 0.1 wrote them, are read too.)
inline constexpr const char* class_names_attribute = "class_names";

/// The names of the classes that the label data set at `address` carries; none when it has none.
[[nodiscard]] std::vector<std::string> class_names(const DatasetAddress& address);

/// The labels at `address`, which may name several data sets, one per sample:
///  - whole numbers of any type, N or N x 1;
///  - N x K numbers of which each row has one 1 and zeros: the place of the 1 is the label;
///  - text, N or N x 1: numbered in the order of the distinct texts, which become the names;
///  - a categorical column of AnnData or pandas (a group with codes and categories); -1 is missing.
/// Throws as DatasetReader does, and Error(data) naming the row that is no label, when they are not
/// `samples` many, and for numbers beyond 64 bits with sign.
[[nodiscard]] Labels read_labels(const DatasetAddress& address, Index samples);

/// What lies beside samples: labels, or why there are none that can be used.
struct LabelsBeside {
  std::optional<DatasetAddress> address;
  /// One sentence when there is something of such a name that is not labels of these samples.
  std::string reason;
};

/// Looks in the group of `samples` for labels, label, y, target, targets, class, classes, for
/// y_train beside x_train, and for obs/labels beside X, in this order; for samples of several files
/// in all of them. What it finds can be read by read_labels.
[[nodiscard]] LabelsBeside labels_beside(const DatasetInfo& samples);

/// Numbers the classes of several sets of labels alike, by name: the first keeps its numbers, names
/// that only others have follow in their order. Labels without names keep their numbers when none
/// has names. Throws Error(data) when some have names and others do not.
void number_alike(std::span<Labels* const> sets);

}  // namespace hourglass
