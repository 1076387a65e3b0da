// Matrix Market files, plain and compressed.
#include "fuzz.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/environment.hpp"
#include "import/matrix_market.hpp"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  static const hourglass::Environment environment(*argc, *argv);  // counting is collective
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hourglass;
  expect_refusal_at_most([&] {
    const auto reader = open_matrix_market(as_file({data, size}), {});
    constexpr Index most_samples = Index{1} << 20;
    if (reader->samples() > most_samples) return;
    std::vector<Index> starts = {0};
    for (const Index count : reader->count(Communicator::self()))
      starts.push_back(starts.back() + count);
    const RowEntries entries(std::move(starts));
    for (const auto& of_rank : reader->pieces(entries, 2)) {
      for (const Range& piece : of_rank) {
        CompressedRows rows;
        reader->read(piece, entries, rows);
        if (rows.entries() != entries.count(piece)) __builtin_trap();
      }
    }
  });
  return 0;
}
