#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/condition.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// The conditions of samples: `addresses` names one or, with + between them, several, each as
/// "FILE:/path" or "NAME=FILE:/path". Without a NAME a condition is called as the last part of its
/// path. What lies there are numbers, texts or categories for each row that the samples were chosen
/// from, as read_labels takes them; code -1 of a categorical column is unknown.

/// The categories that occur in these samples: of numbers ascending, of others in the file's order.
/// Throws as read_labels does; Error(usage) for a name given twice; Error(data) when more than 4096
/// occur or, unless `unknown_allowed`, when a sample has none.
[[nodiscard]] std::vector<Condition> find_conditions(const std::string& addresses,
                                                     const DatasetInfo& samples,
                                                     bool unknown_allowed);

/// For each sample, the categories of `conditions` in their order: places among all categories
/// (those of a condition follow those of the conditions before it), or -1 where unknown. Throws as
/// above; Error(usage) unless `addresses` names exactly these conditions; Error(data) naming a
/// category that is none of them unless `unknown_allowed`.
[[nodiscard]] std::vector<std::int32_t> read_conditions(const std::string& addresses,
                                                        const DatasetInfo& samples,
                                                        const std::vector<Condition>& conditions,
                                                        bool unknown_allowed);

/// A condition that chosen_categories() leaves as it is.
inline constexpr std::int32_t unchosen_category = -2;

/// The categories that a text "NAME=CATEGORY,..." names, for every sample: places as above, and
/// unchosen_category for the conditions that it does not name. Throws Error(usage) for others than
/// `conditions`.
[[nodiscard]] std::vector<std::int32_t> chosen_categories(const std::string& text,
                                                          const std::vector<Condition>& conditions);

}  // namespace hourglass
