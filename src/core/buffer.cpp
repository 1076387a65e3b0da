#include "core/buffer.hpp"

#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "hourglass/core/error.hpp"

namespace hourglass::detail {

namespace {
constexpr std::size_t huge_page = std::size_t{2} << 20;
std::atomic<bool> lazily{false};

[[noreturn]] void throw_short_of_memory(const std::string& asked) {
  throw Error(ErrorKind::io, "out of memory: cannot allocate " + asked);
}
}  // namespace

std::size_t bytes_of(Index size, std::size_t element) {
  // Half of the address space exceeds every machine's memory and leaves a margin for rounding up.
  if (size < 0 || static_cast<std::size_t>(size) > (std::size_t{1} << 62) / element) {
    throw_short_of_memory(std::to_string(size) + " numbers");
  }
  return static_cast<std::size_t>(size) * element;
}

std::byte* allocate_aligned(std::size_t bytes) {
  // GEMMs walk whole layers: huge pages save them a TLB miss every 4 KiB.
  const std::size_t alignment = bytes >= 2 * huge_page ? huge_page : 64;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (memory == nullptr) throw_short_of_memory(std::to_string(bytes >> 20) + " MiB");
  if (alignment == huge_page) madvise(memory, rounded, MADV_HUGEPAGE);
  if (alignment == huge_page && lazily) {
    // The pages that the C library has just mapped are 0; those of a block that it uses again are
    // given back, and read as 0 again.
    if (madvise(memory, rounded, MADV_DONTNEED) == 0) return static_cast<std::byte*>(memory);
  }
  std::memset(memory, 0, rounded == 0 ? alignment : rounded);
  return static_cast<std::byte*>(memory);
}

void free_aligned(std::byte* memory) noexcept { std::free(memory); }

}  // namespace hourglass::detail

namespace hourglass {

void allocate_lazily(bool on) { detail::lazily = on; }

}  // namespace hourglass
