// The headers of safetensors files.
#include "formats/safetensors.hpp"

#include "fuzz.hpp"
#include "import/array_rows.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hourglass;
  expect_refusal_at_most([&] {
    const std::string& path = as_file({data, size});
    for (const SafetensorsEntry& entry : read_safetensors(ByteFile(path)).tensors)
      expect_refusal_at_most([&] { read_all(*open_safetensors(path, entry.name)); });
  });
  return 0;
}
