#include "comm/reducer.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"

namespace hourglass {

std::vector<Range> make_buckets(Index arena_floats, Index bucket_bytes) {
  require(arena_floats >= 0 && arena_floats % cell_floats == 0, "an arena that is not whole cells");
  if (bucket_bytes < 1) throw Error(ErrorKind::usage, "--bucket-bytes must be positive");
  // MPI counts elements in an int.
  constexpr Index largest = (Index{1} << 30) / cell_floats;
  const Index cell_bytes = cell_floats * static_cast<Index>(sizeof(float));
  const Index bucket_cells = std::clamp(bucket_bytes / cell_bytes, Index{1}, largest);
  const Index cells = arena_floats / cell_floats;
  const Index count = (cells + bucket_cells - 1) / bucket_cells;
  std::vector<Range> buckets;
  buckets.reserve(static_cast<std::size_t>(count));
  for (Index b = count - 1; b >= 0; --b) {
    const Range part = even_part(cells, count, b);
    buckets.push_back({part.begin * cell_floats, part.end * cell_floats});
  }
  return buckets;
}

std::vector<Range> make_buckets(Index arena_floats, Index bucket_bytes, Index head_end) {
  require(head_end >= 0 && head_end <= arena_floats, "a head beyond the end of its arena");
  std::vector<Range> buckets = make_buckets(arena_floats - head_end, bucket_bytes);
  for (Range& bucket : buckets) bucket = {bucket.begin + head_end, bucket.end + head_end};
  for (const Range& bucket : make_buckets(head_end, bucket_bytes)) buckets.push_back(bucket);
  return buckets;
}

std::vector<Range> make_buckets(std::span<const Range> parts, Index bucket_bytes) {
  std::vector<Range> buckets;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    require(part->begin % cell_floats == 0, "a part of an arena that does not begin at a cell");
    for (const Range& bucket : make_buckets(part->size(), bucket_bytes))
      buckets.push_back({part->begin + bucket.begin, part->begin + bucket.end});
  }
  return buckets;
}

}  // namespace hourglass
