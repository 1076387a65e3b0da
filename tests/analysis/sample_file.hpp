#pragma once

#include <string>
#include <vector>

#include "hourglass/comm/communicator.hpp"
#include "support/hdf5_files.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {

/// Samples (rows x columns) in a file that all ranks read.
class SampleFile {
 public:
  SampleFile(const Communicator& communicator, const std::vector<float>& samples, Index columns)
      : folder_(communicator) {
    if (communicator.is_root()) {
      const auto width = static_cast<hsize_t>(columns);
      write_dataset<float>(path(), {samples.size() / width, width}, samples);
    }
    communicator.barrier();
  }

  [[nodiscard]] std::string path() const { return folder_.file("x.h5"); }
  [[nodiscard]] DatasetReader reader() const { return DatasetReader({path(), "/x"}); }

 private:
  io_test::SharedFolder folder_;
};

}  // namespace hourglass
