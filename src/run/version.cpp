#include "run/version.hpp"

#include <fmt/format.h>

#include "hdf5/hdf5.hpp"
#include "hourglass/comm/environment.hpp"
#include "math/blas.hpp"
#include "math/onednn.hpp"

namespace hourglass {

std::string version() { return "hourglass " HOURGLASS_VERSION; }

std::string build_description() {
  const std::string onednn = has_onednn() ? "oneDNN    " + onednn_description() + "\n" : "";
  return fmt::format("compiler  {} {}\nBLAS      {}, core {}\nMPI       {}\nHDF5      {}\n{}",
#ifdef __clang__
                     "Clang", __clang_version__,
#else
                     "GCC", __VERSION__,
#endif
                     blas_version(), blas_core(), Environment::library_version(), hdf5_version(),
                     onednn);
}

}  // namespace hourglass
