#include "hourglass/core/error.hpp"

#include <filesystem>

namespace hourglass {

Error error_of(const std::system_error& error) {
  const auto* const file = dynamic_cast<const std::filesystem::filesystem_error*>(&error);
  return {ErrorKind::io,
          file != nullptr ? file->path1().string() + ": " + error.code().message() : error.what()};
}

}  // namespace hourglass
