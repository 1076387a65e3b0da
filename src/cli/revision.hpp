#pragma once

namespace hourglass {

/// The git revision that the program was built from, with "-dirty" when files differed from it;
/// "unknown" outside of git. Defined in a file that cmake/revision.cmake writes.
[[nodiscard]] const char* revision();

}  // namespace hourglass
