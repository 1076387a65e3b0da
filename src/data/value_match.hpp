#pragma once

#include <string>

#include "data/data_identity.hpp"

namespace hourglass {

/// How the stored values of a data set become those that a model was trained on: by a factor.
struct ValueMatch {
  double multiply = 1;
  double divide = 1;
  std::string note;  ///< one line when there is something to say, or ""
};

/// The data set in messages, and the option that gives a factor for it.
struct GivenData {
  std::string name;
  std::string scale_option = "--data-scale";
};

/// Whether match_values needs the range of every row; otherwise that of some rows, which is
/// `some`, will do.
[[nodiscard]] bool needs_every_value(const DataIdentity& trained, ElementType type,
                                     const ValueRange& some);

/// Compares the values of a data set with those of the training. The same numbers are
/// taken as they are, whatever their type. Converts where the difference is certain: whole numbers
/// up to 255 (or 65535) and the same divided by that, either way. Throws Error(data) that says
/// which factor to give where the values cannot be those of the training.
[[nodiscard]] ValueMatch match_values(const DataIdentity& trained, ElementType type,
                                      const ValueRange& range, const GivenData& given);

/// Throws Error(data) when both have units and they differ.
void match_units(const std::string& trained, const std::string& units, const GivenData& given);

/// The transform of stored values of the data set, given that of the model.
[[nodiscard]] InputTransform matched_transform(InputTransform transform, const ValueMatch& match);

}  // namespace hourglass
