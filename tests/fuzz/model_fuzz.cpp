// Model and checkpoint files: HDF5, read by a library that was not made for hostile files.
#include <vector>

#include "checkpoint/state_file.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hourglass;
  expect_refusal_at_most([&] {
    const StateFile file = read_state_file(as_file({data, size}));
    for (const StoredGroup& group : file.groups) {
      Index floats = 0;
      for (const StoredTensor& tensor : group.tensors) floats = tensor.offset + tensor.size;
      std::vector<float> arena(static_cast<std::size_t>(floats));
      read_arena(file, group.group, arena);
    }
  });
  return 0;
}
