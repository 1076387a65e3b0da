#include "import/cell_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "hourglass/core/error.hpp"
#include "import/anndata_layout.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

namespace {

// Counts, zeros too, of the cells that are made between two writes.
constexpr Index counts_at_once = Index{1} << 24;

/// The rows of one sparse matrix that this rank writes.
struct Part {
  std::vector<Index> sizes;  ///< entries of each of this rank's cells
  Index first = 0;           ///< entry of the matrix at which they begin
  Index total = 0;           ///< entries of the matrix
  std::size_t dataset = 0;   ///< of data; indices and indptr follow
};

void share(const Communicator& communicator, Part& part) {
  std::vector<std::int64_t> entries(static_cast<std::size_t>(communicator.size()), 0);
  for (const Index size : part.sizes)
    entries[static_cast<std::size_t>(communicator.rank())] += size;
  communicator.sum(std::span<std::int64_t>(entries));
  for (int rank = 0; rank < communicator.size(); ++rank) {
    if (rank < communicator.rank()) part.first += entries[static_cast<std::size_t>(rank)];
    part.total += entries[static_cast<std::size_t>(rank)];
  }
}

template <class Value>
void write(DatasetWriter& writer, std::size_t dataset, Index begin, std::span<const Value> values) {
  writer.write_rows(dataset, {begin, begin + static_cast<Index>(values.size())},
                    std::as_bytes(values));
}

void write_starts(DatasetWriter& writer, const Part& part, Range mine) {
  std::vector<std::int64_t> starts;
  starts.reserve(part.sizes.size() + 1);
  Index entry = part.first;
  if (mine.begin == 0 && !mine.empty()) starts.push_back(0);
  for (const Index size : part.sizes) starts.push_back(entry += size);
  write<std::int64_t>(writer, part.dataset + 2, mine.begin == 0 ? 0 : mine.begin + 1, starts);
}

/// Appends a batch of rows at `entry`.
void write_entries(DatasetWriter& writer, const Part& part, const SparseRows& rows, Index& entry) {
  write(writer, part.dataset, entry, rows.values);
  write(writer, part.dataset + 1, entry, rows.columns);
  entry += static_cast<Index>(rows.values.size());
}

/// The columns of obs.
struct CellTable {
  std::size_t group = 0;
  std::size_t batch = 0;
  std::size_t library = 0;
};

void write_table(DatasetWriter& writer, const CellTable& table, const CellCounts& cells,
                 Range part) {
  std::vector<std::int32_t> groups;
  std::vector<std::int32_t> batches;
  std::vector<float> libraries;
  for (Index c = part.begin; c < part.end; ++c) {
    const CellCounts::Cell cell = cells.cell(c);
    groups.push_back(static_cast<std::int32_t>(cell.group));
    batches.push_back(static_cast<std::int32_t>(cell.batch));
    libraries.push_back(static_cast<float>(cell.library));
  }
  write<std::int32_t>(writer, table.group, part.begin, groups);
  write<std::int32_t>(writer, table.batch, part.begin, batches);
  write<float>(writer, table.library, part.begin, libraries);
}

std::vector<std::string> numbered(const char* what, Index count) {
  std::vector<std::string> names;
  for (Index i = 0; i < count; ++i) names.push_back(fmt::format("{}{}", what, i));
  return names;
}

std::vector<float> transposed_shares(const CellCounts& cells) {
  const CellSpec& spec = cells.spec();
  const Index columns = spec.groups * spec.batches;
  std::vector<float> result(static_cast<std::size_t>(spec.genes * columns));
  for (Index column = 0; column < columns; ++column) {
    const auto shares = cells.shares(column / spec.batches, column % spec.batches);
    for (std::size_t g = 0; g < shares.size(); ++g)
      result[g * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column)] =
          static_cast<float>(shares[g]);
  }
  return result;
}

CellEntries write_file(const Communicator& communicator, const CellCounts& cells,
                       const CellFile& file) {
  const CellSpec& spec = cells.spec();
  const Range mine = even_part(spec.cells, communicator.size(), communicator.rank());
  const Index block = std::max<Index>(1, counts_at_once / spec.genes);
  SparseBatch counts;
  SparseBatch dropped;
  Part kept;
  Part lost;
  kept.sizes.reserve(static_cast<std::size_t>(mine.size()));
  for (Index c = mine.begin; c < mine.end; ++c) {
    counts.clear(spec.genes);
    dropped.clear(spec.genes);
    cells.make(c, counts, dropped);
    kept.sizes.push_back(counts.view().starts.back());
    lost.sizes.push_back(dropped.view().starts.back());
  }
  share(communicator, kept);
  share(communicator, lost);

  AnnDataLayout layout = AnnDataLayout::of_new_file();
  kept.dataset = layout.add_sparse_rows("/X", spec.cells, spec.genes, kept.total, ElementType::f32,
                                        file.compression);
  CellTable table;
  table.group = layout.add_categories("/obs", "group", spec.cells, numbered("group", spec.groups));
  table.batch = layout.add_categories("/obs", "batch", spec.cells, numbered("batch", spec.batches));
  table.library = layout.add_column("/obs", "library", spec.cells, ElementType::f32);
  const std::size_t inverse =
      layout.add_column("/var", "inverse_dispersion", spec.genes, ElementType::f32);
  std::size_t shares = 0;
  if (file.truth) {
    lost.dataset = layout.add_sparse_rows("/layers/dropped", spec.cells, spec.genes, lost.total,
                                          ElementType::f32, file.compression);
    shares = layout.add_array("/varm/shares", {spec.genes, spec.groups * spec.batches},
                              ElementType::f32);
  }
  const std::size_t digits = 20;
  layout.add_index("/obs", spec.cells, 4 + digits,
                   [](Index c) { return fmt::format("cell{}", c); });
  layout.add_index("/var", spec.genes, 4 + digits,
                   [](Index g) { return fmt::format("gene{}", g); });
  layout.describe("/X", "origin", file.origin);
  DatasetWriter writer(communicator, file.path, layout.datasets(), layout.frame());

  write_starts(writer, kept, mine);
  if (file.truth) write_starts(writer, lost, mine);
  const Index rounds = communicator.max((mine.size() + block - 1) / block);
  Index kept_entry = kept.first;
  Index lost_entry = lost.first;
  for (Index round = 0; round < rounds; ++round) {
    const Range part{std::min(mine.end, mine.begin + round * block),
                     std::min(mine.end, mine.begin + (round + 1) * block)};
    counts.clear(spec.genes);
    dropped.clear(spec.genes);
    for (Index c = part.begin; c < part.end; ++c) cells.make(c, counts, dropped);
    write_entries(writer, kept, counts.view(), kept_entry);
    if (file.truth) write_entries(writer, lost, dropped.view(), lost_entry);
    write_table(writer, table, cells, part);
  }
  const bool root = communicator.is_root();
  const std::vector<float> inverses(cells.inverse_dispersions().begin(),
                                    cells.inverse_dispersions().end());
  write<float>(writer, inverse, 0, std::span(inverses).first(root ? inverses.size() : 0));
  if (file.truth) {
    const std::vector<float> values = root ? transposed_shares(cells) : std::vector<float>();
    writer.write_rows(shares, {0, root ? spec.genes : 0}, std::as_bytes(std::span(values)));
  }
  writer.commit();
  return {kept.total, lost.total};
}

}  // namespace

CellEntries write_cells(const Communicator& communicator, const CellCounts& cells,
                        const CellFile& file) {
  collectively(communicator, [&] {
    if (communicator.is_root()) require_new(file.path);
  });
  if (file.compression == 0) return write_file(communicator, cells, file);
  // A compressed chunk has one writer.
  CellEntries entries;
  collectively(communicator, [&] {
    if (communicator.is_root()) entries = write_file(Communicator::self(), cells, file);
  });
  return entries;
}

}  // namespace hourglass
