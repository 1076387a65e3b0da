#pragma once

#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "hourglass/comm/communicator.hpp"
#include "support/hdf5_files.hpp"

namespace hourglass {

/// A file made by rank 0 and read by all: one data set, /x. Collective; rank 0 removes it.
class SharedFile {
 public:
  template <class T>
  SharedFile(const Communicator& communicator, const std::vector<hsize_t>& shape,
             const std::vector<T>& values)
      : communicator_(communicator), path_(communicator.broadcast(fresh_path())) {
    if (communicator.is_root()) write_dataset<T>(path_, shape, values);
    communicator.barrier();
  }
  ~SharedFile() {
    communicator_.barrier();
    if (communicator_.is_root()) std::remove(path_.c_str());
  }
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;

  [[nodiscard]] DatasetReader reader() const { return DatasetReader({path_, "/x"}); }

 private:
  static std::string fresh_path() {
    static int made = 0;
    return "/tmp/hourglass-shared-" + std::to_string(getpid()) + "-" + std::to_string(made++) +
           ".h5";
  }

  Communicator communicator_;
  std::string path_;
};

}  // namespace hourglass
