// What stands in for src/core/buffer.cpp in the simulation: every rank's buffers are folded onto
// the same few pages, so that a thousand ranks fit into one process. Their contents mean nothing;
// only who sends how much to whom is simulated.
#include <mpi.h>

#include "core/buffer.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::detail {

std::size_t bytes_of(Index size, std::size_t element) {
  return static_cast<std::size_t>(size) * element;
}

std::byte* allocate_aligned(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  void* memory = SMPI_SHARED_MALLOC(bytes);
  if (memory == nullptr) throw Error(ErrorKind::io, "out of memory");
  return static_cast<std::byte*>(memory);
}

void free_aligned(std::byte* memory) noexcept {
  if (memory != nullptr) SMPI_SHARED_FREE(memory);
}

}  // namespace hourglass::detail
