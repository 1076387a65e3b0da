#include "hourglass/data/import.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hourglass/core/error.hpp"
#include "hourglass/data/idx.hpp"
#include "hourglass/dist/communicator.hpp"
#include "hourglass/io/dataset_writer.hpp"

namespace hourglass {

namespace {

constexpr Index largest_row = Index{1} << 30;
constexpr Index copied_at_once = Index{8} << 20;

/// A reader whose rows are known to be of a size that memory holds.
IdxReader open_source(const std::string& path) {
  IdxReader reader(path);
  if (reader.rows() == 0) throw Error(ErrorKind::data, path + ": it holds no samples");
  if (reader.row_bytes() > largest_row) {
    throw Error(ErrorKind::data, path + ": its header claims samples of " + std::to_string(reader.row_bytes()) +
                                     " bytes each; more than 1 GiB cannot be imported");
  }
  return reader;
}

IdxReader open_labels(const std::string& path, const IdxReader& samples) {
  IdxReader labels = open_source(path);
  if (labels.shape().size() != 1) {
    throw Error(ErrorKind::data, path + ": has " + std::to_string(labels.shape().size()) +
                                     " dimensions, but labels have one; are samples and labels interchanged?");
  }
  if (!is_integer(labels.type())) {
    throw Error(ErrorKind::data, path + ": holds " + std::string(name_of(labels.type())) + ", but labels are integers");
  }
  if (labels.rows() != samples.rows()) {
    throw Error(ErrorKind::data, path + ": has " + std::to_string(labels.rows()) + " labels for the " +
                                     std::to_string(samples.rows()) + " samples of " + samples.path());
  }
  return labels;
}

/// Gives the rows that are left to `take`, about 8 MiB at a time, in multiples of `multiple` rows.
template <class Take>
void for_each_piece(IdxReader& reader, Index multiple, const Take& take) {
  const Index rows = std::max<Index>(1, copied_at_once / reader.row_bytes() / multiple) * multiple;
  const Index most = std::min(rows, reader.rows_left()) * reader.row_bytes();
  // Not initialised: what a header claims costs nothing until the file delivers it.
  const auto memory = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(most));
  while (reader.rows_left() > 0) {
    const Index begin = reader.rows() - reader.rows_left();
    const Range piece{begin, begin + std::min(rows, reader.rows_left())};
    const std::span bytes(memory.get(), static_cast<std::size_t>(piece.size() * reader.row_bytes()));
    reader.read_rows(bytes);
    take(piece, std::span<const std::byte>(bytes));
  }
}

/// A compressed file shows only at its end whether its header is true: looked at before any disk space is taken for its claim.
IdxReader verified(IdxReader reader) {
  if (reader.is_verified()) return reader;
  std::string path = reader.path();
  for_each_piece(reader, 1, [](Range, std::span<const std::byte>) {});
  return IdxReader(std::move(path));
}

DatasetSpec specify(const std::string& path, const IdxReader& reader, int compression) {
  DatasetSpec spec;
  spec.path = path;
  spec.shape = reader.shape();
  spec.type = reader.type();
  spec.chunk_rows = suggested_chunk_rows(spec.shape, spec.type);
  spec.compression = compression;
  return spec;
}

}  // namespace

ImportResult import_idx(const std::string& source, const std::string& labels, const DatasetAddress& output, int compression) {
  if (compression < 0 || compression > 9) {
    throw Error(ErrorKind::usage, "--compress is " + std::to_string(compression) + ": levels are 0 (none) to 9");
  }
  std::vector<IdxReader> sources;
  sources.push_back(open_source(source));
  if (!labels.empty()) sources.push_back(open_labels(labels, sources.front()));

  const std::string group = output.path == "/" ? "" : output.path;
  std::vector<DatasetSpec> specs;
  std::vector<std::string> paths;
  for (const IdxReader& reader : sources) {
    specs.push_back(specify(group + (specs.empty() ? "/samples" : "/labels"), reader, compression));
    paths.push_back(specs.back().path);
  }
  check_output(output.file, paths);
  for (IdxReader& reader : sources) reader = verified(std::move(reader));

  DatasetWriter writer(Communicator::self(), output.file, specs);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    for_each_piece(sources[i], specs[i].chunk_rows,
                   [&](Range rows, std::span<const std::byte> bytes) { writer.write_rows(i, rows, bytes); });
  }
  writer.commit();
  return {specs.front().shape, specs.front().type, specs.size() > 1 ? specs.back().shape.front() : 0};
}

}  // namespace hourglass
