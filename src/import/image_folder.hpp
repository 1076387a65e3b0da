#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "import/row_reader.hpp"

namespace hourglass {

/// How each image is converted.
struct ImageSettings {
  std::optional<std::pair<Index, Index>>
      size;           ///< height and width to resize to; images must be of one size otherwise
  bool grey = false;  ///< colours to grey
};

/// The images of a folder as samples, N x H x W or N x H x W x 3, uint8 or uint16, in the order of
/// their names; of a folder of folders, one folder a class, in the order of the folders' names.
/// Hidden files do not count.
struct ImageFolder {
  std::unique_ptr<RowReader> samples;
  std::unique_ptr<RowReader>
      labels;  ///< int64: the class of each; none where there are no class folders
};

/// Lists the files; the first image decides shape and type. Throws Error(io) when a folder cannot
/// be read; Error(data) for a folder without images, an empty class folder, files beside class
/// folders, and files that are not images. Reading throws Error(data) naming the file for a damaged
/// image, and for one of another size or kind than the first.
[[nodiscard]] ImageFolder open_image_folder(const std::string& path, const ImageSettings& settings);

}  // namespace hourglass
