#pragma once

#include <memory>
#include <string>

#include "hourglass/comm/communicator.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass::io_test {

/// One temporary folder for all ranks, made and removed by rank 0.
class SharedFolder {
 public:
  explicit SharedFolder(const Communicator& communicator) : communicator_(communicator) {
    if (communicator_.is_root()) owned_ = std::make_unique<TemporaryFolder>();
    path_ = communicator_.broadcast(owned_ ? owned_->path() : std::string());
  }
  ~SharedFolder() { communicator_.barrier(); }
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Files in it once every rank has come here.
  [[nodiscard]] int entries() const {
    communicator_.barrier();
    const std::filesystem::directory_iterator all(path_);
    const auto count = static_cast<int>(std::distance(begin(all), end(all)));
    communicator_.barrier();
    return count;
  }

 private:
  Communicator communicator_;
  std::unique_ptr<TemporaryFolder> owned_;
  std::string path_;
};

}  // namespace hourglass::io_test
