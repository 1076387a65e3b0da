#pragma once

#include <string>

namespace hourglass {

/// "hourglass 0.1.0".
[[nodiscard]] std::string version();

/// Compiler, BLAS, MPI and HDF5 of this build, a line each: what --version prints below the
/// version.
[[nodiscard]] std::string build_description();

}  // namespace hourglass
