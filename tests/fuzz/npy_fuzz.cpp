// NumPy's .npy files.
#include "fuzz.hpp"
#include "import/array_rows.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hourglass;
  expect_refusal_at_most([&] { read_all(*open_npy(as_file({data, size}))); });
  return 0;
}
