// The text of a configuration: what is accepted is written, and read back as the same.
#include <cstdlib>
#include <string>

#include "config/settings.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hourglass;
  expect_refusal_at_most([&] {
    TrainConfig config;
    apply_text(std::string(reinterpret_cast<const char*>(data), size), "fuzz.cfg", config);
    const std::string written = to_text(config);
    TrainConfig again;
    apply_text(written, "written.cfg", again);
    if (to_text(again) != written) std::abort();
    validate(config);
  });
  return 0;
}
