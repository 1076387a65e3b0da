#include "comm/mpi_check.hpp"

#include <limits>
#include <string>

#include "hourglass/core/error.hpp"

namespace hourglass::detail {

void check_mpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Error(ErrorKind::bug, std::string(call) + " failed: " +
                                  std::string(text, static_cast<std::size_t>(length)));
}

int mpi_count(Index size) {
  require(size >= 0 && size <= std::numeric_limits<int>::max(),
          "an MPI message of more than 2^31 - 1 elements");
  return static_cast<int>(size);
}

}  // namespace hourglass::detail
