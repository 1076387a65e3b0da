#pragma once

#include <string>

namespace hourglass {

/// The program and its version: "hourglass 1.2.3".
[[nodiscard]] std::string version();

/// Compiler, BLAS, MPI and HDF5 of this build, a line each: what --version prints below the
/// version.
[[nodiscard]] std::string build_description();

}  // namespace hourglass
