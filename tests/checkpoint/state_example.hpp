#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "core/buffer.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass::io_test {

inline std::vector<StoredTensor> example_tensors() {
  const std::vector<std::pair<std::string, std::vector<Index>>> shapes = {
      {"encoder/0/weight", {7, 30}},
      {"encoder/0/bias", {7}},
      {"decoder/0/weight", {30, 7}},
      {"decoder/0/bias", {64}}};
  std::vector<StoredTensor> tensors;
  Index offset = 0;
  for (const auto& [name, shape] : shapes) {
    Index size = 1;
    for (const Index d : shape) size *= d;
    tensors.push_back({name, shape, offset, size});
    offset += round_up(size, cell_floats);
  }
  return tensors;
}

inline Index arena_size(const std::vector<StoredTensor>& tensors) {
  return round_up(tensors.back().offset + tensors.back().size, cell_floats);
}

/// An arena with a value of its own everywhere and zeros in the padding.
inline std::vector<float> example_values(const std::vector<StoredTensor>& tensors, float scale) {
  std::vector<float> arena(static_cast<std::size_t>(arena_size(tensors)), 0.0F);
  for (const StoredTensor& tensor : tensors) {
    for (Index i = 0; i < tensor.size; ++i) {
      arena[static_cast<std::size_t>(tensor.offset + i)] =
          scale * std::sin(static_cast<float>(tensor.offset + i) + 0.5F);
    }
  }
  return arena;
}

inline StateHeader example_header() {
  StateHeader header;
  header.configuration = "[model]\nlayers = 30,7\nname = \"späte Nacht\"\n";
  header.texts = {{"tool_version", "0.1.0"}, {"blas", ""}};
  header.position = {{"epoch", 3}, {"step", -7}, {"samples", std::int64_t{1} << 60}};
  header.doubles = {{"/history/loss", {3.5, std::nan(""), 1e-300}},
                    {"/model/input/mean", {0.25}},
                    {"/history/empty", {}}};
  return header;
}

/// Which part of the arena a rank has: cut in `buckets`, each bucket cut in ranks, as a sharded
/// update owns it.
inline std::vector<Range> sharded_ranges(Index floats, Index buckets, Index ranks, Index rank) {
  std::vector<Range> ranges;
  for (Index b = buckets - 1; b >= 0; --b) {
    const Range bucket = even_part(floats / cell_floats, buckets, b);
    const Range part = even_part(bucket.size(), ranks, rank);
    ranges.push_back(
        {(bucket.begin + part.begin) * cell_floats, (bucket.begin + part.end) * cell_floats});
  }
  return ranges;
}

inline StoredArena store(const std::string& group, const std::vector<StoredTensor>& tensors,
                         const std::vector<float>& values, const std::vector<Range>& ranges) {
  StoredArena arena{group, tensors, ranges, {}};
  for (const Range& range : ranges) arena.values.push_back(values.data() + range.begin);
  return arena;
}

/// Writes the example with all values of `arena_count` arenas: model, then moments.
inline void write_example(const Communicator& communicator, const std::string& path,
                          bool replicated = false) {
  const auto tensors = example_tensors();
  const Index floats = arena_size(tensors);
  const std::vector<Range> ranges =
      replicated ? std::vector<Range>{{0, floats}}
                 : sharded_ranges(floats, 3, communicator.size(), communicator.rank());
  const auto weights = example_values(tensors, 1.0F);
  const auto mean = example_values(tensors, 0.125F);
  const std::vector<StoredArena> arenas = {store("/model", tensors, weights, ranges),
                                           store("/optimizer/mean", tensors, mean, ranges)};
  write_state_file(communicator, path, example_header(), arenas);
}

}  // namespace hourglass::io_test
