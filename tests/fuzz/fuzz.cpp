#include "fuzz.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {

void expect_refusal_at_most(const std::function<void()>& use) {
  try {
    use();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bug) return;
    std::fprintf(stderr, "%s\n", error.what());
    std::abort();
  }
}

const std::string& as_file(std::span<const std::uint8_t> input) {
  static const int descriptor = ::memfd_create("hourglass-fuzz", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  const auto size = static_cast<ssize_t>(input.size());
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, input.data(), input.size(), 0) != size) {
    std::perror("memfd");
    std::exit(1);  // not a find
  }
  return path;
}

void read_all(RowReader& reader) {
  constexpr Index most_bytes = Index{1} << 20;
  constexpr Index most_rows = Index{1} << 14;
  const Index row_bytes = reader.row_bytes();
  if (row_bytes > most_bytes) return;
  const Index block = std::max<Index>(1, row_bytes == 0 ? 1 : most_bytes / row_bytes);
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min(block, reader.rows()) * row_bytes));
  for (Index row = 0; row < std::min(reader.rows(), most_rows); row += block) {
    const Index end = std::min(row + block, reader.rows());
    reader.read_rows({row, end}, std::span(bytes).first(static_cast<std::size_t>((end - row) * row_bytes)));
  }
}

}  // namespace hourglass
