// IDX files, plain and compressed.
#include "fuzz.hpp"
#include "import/file_rows.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hourglass;
  expect_refusal_at_most([&] { read_all(*open_idx_rows(as_file({data, size}))); });
  return 0;
}
