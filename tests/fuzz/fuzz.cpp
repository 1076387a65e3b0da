#include "fuzz.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

std::size_t refusal_count = 0;

}  // namespace

std::size_t refusals() { return refusal_count; }

void expect_refusal_at_most(const std::function<void()>& use) {
  try {
    use();
  } catch (const Error& error) {
    ++refusal_count;
    static const bool wordy = std::getenv("HOURGLASS_FUZZ_MESSAGES") != nullptr;
    if (wordy) std::fprintf(stderr, "refused: %s\n", error.what());
    if (error.kind() != ErrorKind::bug) return;
    std::fprintf(stderr, "%s\n", error.what());
    std::abort();
  }
}

namespace {

// Where files are memory; a real one, because HDF5 asks for the real path.
class ScratchFile {
 public:
  ScratchFile() : descriptor_(::mkostemp(path_.data(), O_CLOEXEC)) {}
  ~ScratchFile() { ::unlink(path_.c_str()); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool write(std::span<const std::uint8_t> input) const {
    return ::ftruncate(descriptor_, 0) == 0 && ::pwrite(descriptor_, input.data(), input.size(),
                                                        0) == static_cast<ssize_t>(input.size());
  }

 private:
  std::string path_ = "/dev/shm/hourglass-fuzz-XXXXXX";
  int descriptor_;
};

}  // namespace

const std::string& as_file(std::span<const std::uint8_t> input) {
  static const ScratchFile file;
  if (!file.write(input)) {
    std::perror("/dev/shm");
    std::exit(1);  // not a find
  }
  return file.path();
}

void read_all(RowReader& reader) {
  constexpr Index most_bytes = Index{1} << 20;
  constexpr Index most_rows = Index{1} << 14;
  const Index row_bytes = reader.row_bytes();
  if (row_bytes > most_bytes) return;
  const Index block = std::max<Index>(1, row_bytes == 0 ? 1 : most_bytes / row_bytes);
  std::vector<std::byte> bytes(
      static_cast<std::size_t>(std::min(block, reader.rows()) * row_bytes));
  for (Index row = 0; row < std::min(reader.rows(), most_rows); row += block) {
    const Index end = std::min(row + block, reader.rows());
    reader.read_rows({row, end},
                     std::span(bytes).first(static_cast<std::size_t>((end - row) * row_bytes)));
  }
}

}  // namespace hourglass
