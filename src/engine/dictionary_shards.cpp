#include "engine/dictionary_shards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "core/buffer.hpp"
#include "core/counted.hpp"
#include "core/random.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "nn/sparse_code.hpp"

namespace hourglass {

namespace {

// Enough work in a block to hide its message.
constexpr Index block_rows = 16;
constexpr int chain_tag = 1;

Range units_of(Index units, Index shards, Index shard) {
  const Range cells = even_part((units + cell_floats - 1) / cell_floats, shards, shard);
  return {cells.begin * cell_floats, std::min(units, cells.end * cell_floats)};
}

int group_of(const Communicator& world, Index shards, Index units) {
  if (world.size() % shards != 0) {
    throw Error(ErrorKind::usage, fmt::format("--dictionary-shards {} does not divide the {} ranks",
                                              shards, world.size()));
  }
  if (units < cell_floats * shards) {
    throw Error(ErrorKind::usage,
                fmt::format("--dictionary-shards {} needs at least {} units in the code, not {}",
                            shards, cell_floats * shards, units));
  }
  return world.rank() / static_cast<int>(shards);
}

std::span<std::byte> bytes_of(std::span<float> values) { return std::as_writable_bytes(values); }

}  // namespace

DictionaryShards::DictionaryShards(const Communicator& world, Index shards, const Layout& layout,
                                   const ActiveRows& rows)
    : world_(world),
      group_(world.split(group_of(world, shards, rows.units()))),
      across_(world.split(world.rank() % static_cast<int>(shards))),
      all_units_(rows.units()),
      units_(units_of(rows.units(), shards, group_.rank())) {
  for (std::size_t t = 0; t < layout.tensors().size(); ++t) {
    const Range tensor = layout.range(static_cast<Slot>(t));
    const auto own = std::ranges::find(rows.tensors(), tensor.begin, &UnitRows::offset);
    if (own == rows.tensors().end()) {
      parts_.push_back(tensor);
      shared_.push_back(tensor);
      continue;
    }
    parts_.push_back({tensor.begin + units_.begin * own->width,
                      tensor.begin + round_up(units_.end * own->width, cell_floats)});
  }
}

Index DictionaryShards::floats() const {
  Index floats = 0;
  for (const Range& part : parts_) floats += part.size();
  return floats;
}

bool DictionaryShards::is_shared(Range floats) const {
  return std::ranges::any_of(shared_, [&](const Range& shared) {
    return shared.begin <= floats.begin && floats.end <= shared.end;
  });
}

void DictionaryShards::keep_counted(StoredArena& arena) const {
  StoredArena kept{arena.group, arena.tensors, {}, {}};
  for (std::size_t r = 0; r < arena.ranges.size(); ++r) {
    if (!counts(arena.ranges[r])) continue;
    kept.ranges.push_back(arena.ranges[r]);
    kept.values.push_back(arena.values[r]);
  }
  arena = std::move(kept);
}

Index DictionaryShards::load(const Communicator& communicator, const StateFile& file,
                             const std::string& group, std::span<const Range> ranges,
                             std::span<float> values) const {
  std::vector<Range> counted;
  Index floats = 0;
  for (const Range& range : ranges) {
    if (!counts(range)) continue;
    counted.push_back(range);
    floats += range.size();
  }
  std::vector<float> read(static_cast<std::size_t>(floats));
  const Index bytes = read_arena_ranges(communicator, file, group, counted, read);
  auto from = read.begin();
  auto to = values.begin();
  for (const Range& range : ranges) {
    const auto size = static_cast<std::size_t>(range.size());
    if (counts(range)) {
      std::copy_n(from, size, to);
      from += static_cast<std::ptrdiff_t>(size);
    }
    // Ranks of a group own the same floats of what they share.
    if (is_shared(range)) group_.broadcast(bytes_of({to, size}), 0);
    to += static_cast<std::ptrdiff_t>(size);
  }
  return bytes;
}

void DictionaryShards::load_parameters(const StateFile& file, std::span<float> arena) const {
  std::vector<float> values(static_cast<std::size_t>(floats()));
  load(group_, file, "/model", parts_, values);
  auto from = values.begin();
  for (const Range& part : parts_) {
    std::copy_n(from, part.size(), arena.begin() + part.begin);
    from += part.size();
  }
}

// Every rank counts, from the lists of all, which of its own are kept: those above the k-th
// largest, and as many equal to it as the ranks of lower units leave.
void DictionaryShards::keep_largest(Index k, SparseCode& code) {
  const auto width = static_cast<std::size_t>(k);
  const auto rows = static_cast<std::size_t>(code.rows());
  const auto ranks = static_cast<std::size_t>(group_.size());
  own_largest_.assign(rows * width, 0.0F);
  const SparseRows listed = code.view();
  for (std::size_t r = 0; r < rows; ++r) {
    const auto values = listed.values_of(static_cast<Index>(r));
    std::copy_n(values.begin(), std::min(width, values.size()),
                own_largest_.begin() + static_cast<std::ptrdiff_t>(r * width));
  }
  all_largest_.resize(own_largest_.size() * ranks);
  group_.all_gather(own_largest_, all_largest_);
  const auto of_rank = [&](std::size_t rank, std::size_t r) {
    return std::span<const float>(all_largest_).subspan((rank * rows + r) * width, width);
  };
  std::vector<float> row(ranks * width);
  float threshold = 0;
  Index ties = 0;
  bool broken = false;
  Index current = -1;
  const auto begin_row = [&](Index number) {
    current = number;
    const auto r = static_cast<std::size_t>(number);
    for (std::size_t rank = 0; rank < ranks; ++rank)
      std::ranges::copy(of_rank(rank, r), row.begin() + static_cast<std::ptrdiff_t>(rank * width));
    broken = std::ranges::any_of(row, [](float v) { return v != v; });
    if (broken) return;
    const auto kth = row.begin() + (k - 1);
    std::ranges::nth_element(row, kth, std::greater<>());
    threshold = *kth;
    ties = k - std::count_if(row.begin(), kth, [&](float v) { return v > threshold; });
    for (std::size_t rank = 0; rank < static_cast<std::size_t>(group_.rank()); ++rank)
      ties -= std::ranges::count(of_rank(rank, r), threshold);
  };
  code.filter_rows([&](Index number, float value) {
    if (number != current) begin_row(number);
    // As in select_largest(): of a row with a NaN the NaNs are kept.
    if (broken) return value != value;
    return value > threshold || (value == threshold && ties-- > 0);
  });
}

void DictionaryShards::sum_over_units(Matrix sums, AddRows add) {
  require(sums.stride == sums.columns, "sums of rows that do not follow each other");
  const int rank = group_.rank();
  const bool is_last = rank + 1 == group_.size();
  const auto block = [&](Range rows) {
    return std::span<float>(sums.data + rows.begin * sums.stride,
                            static_cast<std::size_t>(rows.size() * sums.columns));
  };
  std::vector<Request> sends;
  for (Index begin = 0; begin < sums.rows; begin += block_rows) {
    const Range rows{begin, std::min(sums.rows, begin + block_rows)};
    if (rank > 0) group_.receive(block(rows), rank - 1, chain_tag).wait();
    add(rows, rank == 0);
    if (!is_last) sends.push_back(group_.send(block(rows), rank + 1, chain_tag));
  }
  sends.clear();
  group_.broadcast(bytes_of(block({0, sums.rows})), group_.size() - 1);
}

void DictionaryShards::sum_over_units(std::span<double> sums, FunctionRef<void()> add) {
  const int rank = group_.rank();
  // Messages are of floats: two of them for a double.
  const std::span<float> values(reinterpret_cast<float*>(sums.data()), 2 * sums.size());
  if (rank > 0) group_.receive(values, rank - 1, chain_tag).wait();
  add();
  if (rank + 1 < group_.size()) group_.send(values, rank + 1, chain_tag).wait();
  group_.broadcast(bytes_of(values), group_.size() - 1);
}

void check_divided_products(const Communicator& communicator, Index rows, Index inputs, Index units,
                            Range own) {
  constexpr Index most_floats = Index{4} << 20;
  const Index all = std::clamp(most_floats / (rows + inputs), Index{1}, units);
  const Index begin = std::min(own.begin, all / cell_floats / 2 * cell_floats);
  const Range part{begin, std::min(begin + own.size(), all)};
  const CounterRandom random(1, Purpose::initialization);
  const auto fill = [&](Buffer<float>& values) {
    for (Index i = 0; i < values.size(); ++i)
      values[i] = uniform_unit(random.bits(static_cast<std::uint64_t>(i), 0, 0)[0]) - 0.5F;
  };
  Buffer<float> samples(rows * inputs);
  Buffer<float> weights(all * inputs);
  fill(samples);
  fill(weights);
  Buffer<float> whole(rows * all);
  Buffer<float> divided(rows * all);
  const ConstMatrix x(samples.data(), rows, inputs);
  gemm(false, true, x, ConstMatrix(weights.data(), all, inputs), 0, {whole.data(), rows, all});
  gemm(false, true, x, ConstMatrix(weights.data() + part.begin * inputs, part.size(), inputs), 0,
       {divided.data() + part.begin, rows, part.size(), all});
  collectively(communicator, [&] {
    for (Index r = 0; r < rows; ++r) {
      const Index first = r * all + part.begin;
      if (std::memcmp(whole.data() + first, divided.data() + first,
                      static_cast<std::size_t>(part.size()) * sizeof(float)) != 0) {
        throw Error(
            ErrorKind::usage,
            fmt::format("--dictionary-shards: {} {} rounds the products of {} with {} "
                        "units otherwise than with {}, so that the results would depend on "
                        "the number of shards: use another --micro-batch, such as one that divides "
                        "the number of samples",
                        blas_version(), blas_core(), counted(rows, "sample"), own.size(), units));
      }
    }
  });
}

}  // namespace hourglass
