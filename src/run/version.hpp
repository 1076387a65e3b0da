#pragma once

#include <string>

namespace hourglass {

/// The program and its version: "hourglass 1.2.3".
[[nodiscard]] std::string version();

/// Compiler, BLAS, MPI and HDF5 of this build, one per line: printed by --version below the
/// version.
[[nodiscard]] std::string build_description();

}  // namespace hourglass
