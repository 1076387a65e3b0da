#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// An attribute of a group or data set, its value as short text: long texts and arrays are cut
/// ("...").
struct DescribedAttribute {
  std::string name;
  std::string value;
};

/// One data set of a file as `inspect` shows it.
struct DescribedDataset {
  std::string path;
  DatasetInfo info;  ///< shape, chunks and filters also when it is not readable as numbers; type
                     ///< only when it is
  /// Why it cannot be read as numbers (text, compound, external); "" when it can.
  std::string problem;
  std::string type;        ///< in words: "uint8", "float16", "text", "compound"
  Index stored_bytes = 0;  ///< in the file, after compression
  std::vector<DescribedAttribute> attributes;
};

/// A group and its attributes. The root is "/".
struct DescribedGroup {
  std::string path;
  std::vector<DescribedAttribute> attributes;
};

/// A name that leads elsewhere: to a path of the same file, or to "FILE.h5:/path".
struct DescribedLink {
  std::string path;
  std::string target;
  bool external = false;
};

/// The contents of an HDF5 file.
struct FileDescription {
  std::string path;
  Index bytes = 0;
  /// A model or checkpoint of ours (not yet verified: read_state_file does that).
  bool is_state = false;
  std::vector<DescribedDataset> datasets;
  std::vector<DescribedGroup> groups;
  std::vector<DescribedLink> links;
};

/// Reads the structure only. What can be read as numbers depends on `reading`. Throws Error(io) for
/// a missing or unreadable file, Error(data) when it is not HDF5.
[[nodiscard]] FileDescription describe_file(const std::string& path,
                                            const ReadOptions& reading = {});

}  // namespace hourglass
