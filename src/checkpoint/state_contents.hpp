#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/state_file.hpp"

namespace hourglass {

/// The table of contents of a model or checkpoint, stored as JSON in the root's attribute
/// "contents". A reader looks only at what it lists, so it never depends on what else a file may
/// hold.
struct StateContents {
  std::vector<StoredGroup> groups;
  std::vector<std::string>
      texts;  ///< names of attributes of /model besides format_version and configuration
  std::vector<std::string> positions;  ///< names of attributes of /position
  std::vector<std::string> doubles;    ///< absolute paths
};

[[nodiscard]] StateContents contents_of(const StateHeader& header, std::vector<StoredGroup> groups);
[[nodiscard]] std::string to_json(const StateContents& contents);
/// Throws Error(data) naming `file` for anything that to_json cannot have written.
[[nodiscard]] StateContents parse_contents(const std::string& json, const std::string& file);

/// Digest over the file's format version, the contents (with the arenas' digests in it) and the
/// header: the attribute "digest" of the root.
[[nodiscard]] std::string state_digest(std::int64_t format_version,
                                       const std::string& contents_json, const StateHeader& header);

}  // namespace hourglass
