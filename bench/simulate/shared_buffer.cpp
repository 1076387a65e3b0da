// What stands in for src/core/buffer.cpp in the simulation: all ranks' buffers of one size are the
// same memory, folded onto a few pages, so that ten thousand ranks fit into one process, which may
// have 65,530 mappings. Their contents mean nothing; only who sends how much to whom is simulated.
#include <mpi.h>

#include <map>

#include "core/buffer.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::detail {

std::size_t bytes_of(Index size, std::size_t element) {
  return static_cast<std::size_t>(size) * element;
}

std::byte* allocate_aligned(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  // The ranks share the executable's globals, and run one at a time. Through SMPI, which need not
  // copy messages between buffers that it knows as shared.
  static std::map<std::size_t, void*> buffers;
  void*& memory = buffers[bytes];
  if (memory == nullptr) memory = SMPI_SHARED_MALLOC(bytes);
  if (memory == nullptr) throw Error(ErrorKind::io, "out of memory");
  return static_cast<std::byte*>(memory);
}

// Other ranks use it.
void free_aligned(std::byte* /*memory*/) noexcept {}

}  // namespace hourglass::detail
