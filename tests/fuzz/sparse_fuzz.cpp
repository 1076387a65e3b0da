// Sparse matrices: AnnData and 10x Genomics files, of which the group X or the only matrix is read.
#include <algorithm>
#include <vector>

#include "fuzz.hpp"
#include "hdf5/hdf5.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hourglass;
  expect_refusal_at_most([&] {
    const DatasetReader reader({as_file({data, size}), ""});
    const DatasetInfo& info = reader.info();
    constexpr Index most_bytes = Index{1} << 20;
    if (info.row_bytes() > most_bytes) return;
    const Index block = std::max<Index>(1, most_bytes / info.row_bytes());
    const Range rows{0, std::min(info.rows(), block)};
    std::vector<std::byte> dense(static_cast<std::size_t>(rows.size() * info.row_bytes()));
    reader.read_rows(rows, dense);
    if (!info.entries.known() || rows.empty()) return;
    CompressedRows sparse;
    reader.read_sparse({&rows, 1}, sparse);
    std::vector<std::byte> again(dense.size());
    spread(sparse, info.features(), again);
    if (again != dense) __builtin_trap();
  });
  return 0;
}
