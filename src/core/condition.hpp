#pragma once

#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Something known of every sample besides its numbers, of which a model shall not need to hold
/// anything in its code: a batch, a donor. A sample's category is its place in `categories`, or -1
/// when it is unknown.
struct Condition {
  std::string name;
  std::vector<std::string> categories;

  friend bool operator==(const Condition&, const Condition&) = default;
};

/// Categories of all conditions. Those of a condition follow those of the conditions before it.
[[nodiscard]] Index category_count(const std::vector<Condition>& conditions);

/// As one text, and back; `path` is the file that holds it, for messages. Throws Error(data) for
/// other texts.
[[nodiscard]] std::string conditions_text(const std::vector<Condition>& conditions);
[[nodiscard]] std::vector<Condition> conditions_from(const std::string& text,
                                                     const std::string& path);

}  // namespace hourglass
