#include "import/import.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/range_set.hpp"
#include "data/columns.hpp"
#include "data/normalization.hpp"
#include "hdf5/columns_by_name.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/error.hpp"
#include "import/file_rows.hpp"
#include "import/resumable_writer.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

namespace {

constexpr Index copied_at_once = Index{8} << 20;

using Readers = std::vector<std::unique_ptr<RowReader>>;

[[noreturn]] void refuse(const RowReader& reader, const std::string& reason) {
  throw Error(ErrorKind::data, reader.path() + ": " + reason);
}

/// Throws unless the rows of all of them can lie in one array.
void check_alike(const Readers& readers) {
  const auto sample = [](const RowReader& reader) {
    return std::vector<Index>(reader.shape().begin() + 1, reader.shape().end());
  };
  const RowReader& first = *readers.front();
  for (const auto& reader : readers) {
    if (reader->type() != first.type()) {
      refuse(*reader, "holds " + std::string(name_of(reader->type())) + ", but " + first.path() +
                          " holds " + std::string(name_of(first.type())));
    }
    if (sample(*reader) != sample(first)) {
      refuse(*reader, "holds " + shape_text(reader->shape()) +
                          ", whose samples are of another shape than those of " + first.path() +
                          " (" + shape_text(first.shape()) + ")");
    }
    const bool known = !reader->columns().empty() && !first.columns().empty();
    if (reader->units() != first.units() && !reader->units().empty() && !first.units().empty()) {
      refuse(*reader, "its values are in " + reader->units() + ", those of " + first.path() +
                          " in " + first.units() + ": convert one of them");
    }
    const bool grids = are_coordinates(feature_names(reader->columns())) &&
                       are_coordinates(feature_names(first.columns()));
    if (known && reader->columns() != first.columns() && !grids)
      refuse(*reader, "its columns are others than those of " + first.path());
    if (reader->classes() != first.classes()) {
      refuse(*reader, "its labels are other texts than those of " + first.path() +
                          ", so the same number would mean two things; import them as one file, or "
                          "use numbers");
    }
  }
}

Index total_rows(const Readers& readers) {
  Index rows = 0;
  for (const auto& reader : readers) {
    if (__builtin_add_overflow(rows, reader->rows(), &rows))
      refuse(*reader, "makes more rows than can be counted");
  }
  return rows;
}

void check_labels(const Readers& labels, const Readers& samples) {
  const RowReader& first = *labels.front();
  if (first.shape().size() != 1) {
    refuse(first, "has " + std::to_string(first.shape().size()) +
                      " dimensions, but labels have one; are samples and labels interchanged?");
  }
  if (!is_integer(first.type()))
    refuse(first, "holds " + std::string(name_of(first.type())) + ", but labels are integers");
  if (total_rows(labels) != total_rows(samples)) {
    refuse(first, "has " + std::to_string(total_rows(labels)) + " labels for the " +
                      std::to_string(total_rows(samples)) + " samples of " +
                      samples.front()->path());
  }
}

// Names of the features, and what they stand for where that is more than numbers.
void describe_features(const std::vector<Column>& columns, DatasetSpec& spec) {
  if (columns.empty()) return;
  const std::vector<std::string> names = feature_names(columns);
  // References to this many texts fit into an attribute.
  constexpr std::size_t most = 4000;
  if (names.size() <= most) spec.lists["feature_names"] = names;
  if (has_kinds(columns) || names.size() > most) spec.long_texts["columns"] = columns_text(columns);
}

DatasetSpec specify(const std::string& path, const Readers& readers, int compression) {
  const RowReader& first = *readers.front();
  DatasetSpec spec;
  spec.path = path;
  spec.shape = first.shape();
  spec.shape.front() = total_rows(readers);
  spec.type = first.type();
  spec.chunk_rows = suggested_chunk_rows(spec.shape, spec.type);
  spec.compression = compression;
  std::string classes;
  for (const std::string& name : first.classes()) classes += (classes.empty() ? "" : "\n") + name;
  if (!classes.empty()) {
    // As one text, for programs that have read it so from the beginning.
    constexpr std::size_t longest = 32768;
    if (classes.size() <= longest) spec.texts["classes"] = classes;
    spec.lists["class_names"] = first.classes();
  }
  describe_features(first.columns(), spec);
  if (const std::string units = first.units(); !units.empty()) spec.texts["units"] = units;
  return spec;
}

/// The contents of one file: the sources of each data set, one after the other.
struct Output {
  std::vector<const Readers*> arrays;
  std::vector<DatasetSpec> specs;
};

/// The place of one source's rows in the destination.
struct Target {
  Index first = 0;                     ///< row of the data set at which the source begins
  Index multiple = 1;                  ///< of rows at a time
  const RangeSet* finished = nullptr;  ///< of the data set, from an import that was interrupted
  std::function<void(Range rows, std::span<const std::byte> bytes)> write;  ///< by each rank alone
  std::function<void(std::span<const Range> rows)> written;  ///< by all ranks, after each round
};

/// The rows of the source that each rank has to copy, in the pieces of its rounds, about 8 MiB
/// each.
std::vector<std::vector<Range>> pieces_of(const RowReader& reader, const Target& target,
                                          Index ranks) {
  const Index rows =
      std::max<Index>(1, copied_at_once / reader.row_bytes() / target.multiple) * target.multiple;
  std::vector<std::vector<Range>> pieces(static_cast<std::size_t>(ranks));
  for (Index rank = 0; rank < ranks; ++rank) {
    const Range part = reader.part(rank, ranks);
    for (const Range& left :
         target.finished->missing({target.first + part.begin, target.first + part.end})) {
      for (Index row = left.begin; row < left.end; row += rows) {
        pieces[static_cast<std::size_t>(rank)].push_back(
            {row - target.first, std::min(left.end, row + rows) - target.first});
      }
    }
  }
  return pieces;
}

/// Values that `train` would refuse are refused before they are copied.
void refuse_non_finite(const RowReader& reader, Range rows, std::span<const std::byte> bytes) {
  if (reader.may_miss_values()) return;  // and has seen to the others
  const Index bad = first_non_finite(reader.type(), bytes);
  if (bad < 0) return;
  const Index features = reader.row_bytes() / size_of(reader.type());
  refuse(reader, "row " + std::to_string(rows.begin + bad / features) +
                     " (from 0) holds a number that is not finite in single precision, "
                     "feature " +
                     std::to_string(bad % features) +
                     "; clean the data: drop such rows or replace such values");
}

/// Copies one source: each rank the pieces of its part, a piece a round.
void copy(const Communicator& communicator, RowReader& reader, const Target& target,
          const std::function<void(Index)>& progress) {
  const auto pieces = pieces_of(reader, target, communicator.size());
  const std::vector<Range>& mine = pieces[static_cast<std::size_t>(communicator.rank())];
  std::size_t rounds = 0;
  for (const auto& of_rank : pieces) rounds = std::max(rounds, of_rank.size());
  Index largest = 0;
  for (const Range& piece : mine) largest = std::max(largest, piece.size());
  // Not initialised: what a header claims costs nothing until the file delivers it.
  const auto memory = std::make_unique_for_overwrite<std::byte[]>(
      static_cast<std::size_t>(largest * reader.row_bytes()));
  Index done = target.first + target.finished->count({target.first, target.first + reader.rows()});
  Index place = reader.part(communicator.rank(), communicator.size()).begin;
  for (std::size_t round = 0; round < rounds; ++round) {
    collectively(communicator, [&] {
      if (round >= mine.size()) return;
      const Range piece = mine[round];
      const std::span bytes(memory.get(),
                            static_cast<std::size_t>(piece.size() * reader.row_bytes()));
      if (place < piece.begin) reader.skip_rows({place, piece.begin});
      reader.read_rows(piece, bytes);
      refuse_non_finite(reader, piece, bytes);
      target.write({target.first + piece.begin, target.first + piece.end}, bytes);
      place = piece.end;
    });
    std::vector<Range> written;
    for (const auto& of_rank : pieces) {
      if (round >= of_rank.size()) continue;
      written.push_back({target.first + of_rank[round].begin, target.first + of_rank[round].end});
      done += of_rank[round].size();
    }
    target.written(written);
    progress(done);
  }
}

/// Copies all sources; `target_of` says where the rows of data set number d go.
void copy_all(const Communicator& communicator, const Output& output,
              const ImportSettings& settings,
              const std::function<Target(std::size_t d)>& target_of) {
  for (std::size_t d = 0; d < output.arrays.size(); ++d) {
    Target target = target_of(d);
    for (const auto& reader : *output.arrays[d]) {
      copy(communicator, *reader, target, [&](Index done) {
        if (d == 0 && settings.progress) settings.progress(done, output.specs[d].shape.front());
      });
      target.first += reader->rows();
    }
  }
}

/// Compressed, by one rank: a compressed chunk has one writer. Nothing is left when it is
/// interrupted.
void write_compressed(const Output& output, const ImportSettings& settings) {
  const Communicator self = Communicator::self();
  DatasetWriter writer(self, settings.output.file, output.specs);
  const RangeSet nothing;
  copy_all(self, output, settings, [&](std::size_t d) {
    return Target{0, output.specs[d].chunk_rows, &nothing,
                  [&writer, d](Range rows, std::span<const std::byte> bytes) {
                    writer.write_rows(d, rows, bytes);
                  },
                  [](std::span<const Range>) {}};
  });
  writer.commit();
}

/// Identifies these sources as they are now.
std::string identity_of(const Output& output, const ImportSettings& settings) {
  std::string text = settings.options;
  for (const Readers* readers : output.arrays) {
    for (const auto& reader : *readers) {
      text += "\n" + std::to_string(reader->rows());
      for (const std::string& file : reader->files()) text += "\n" + file_identity(file);
    }
  }
  return text;
}

/// By all ranks. Interrupted, it is continued by the next import of the same.
void write_resumably(const Communicator& communicator, const Output& output,
                     const ImportSettings& settings) {
  std::string identity;
  collectively(communicator, [&] {
    if (communicator.is_root()) identity = identity_of(output, settings);
  });
  ResumableWriter writer(communicator, settings.output.file, output.specs, identity);
  std::vector<RangeSet> finished;
  for (std::size_t d = 0; d < output.specs.size(); ++d) finished.push_back(writer.finished(d));
  const Index rows = output.specs.front().shape.front();
  const Index there = finished.front().count({0, rows});
  if (settings.note && communicator.is_root()) {
    if (there > 0) {
      settings.note("continuing an import that was interrupted: " + std::to_string(there) + " of " +
                    std::to_string(rows) + " samples are there");
    }
    if (writer.discarded()) {
      settings.note(
          "what an interrupted import left does not belong to these sources and options: beginning "
          "again");
    }
  }
  try {
    copy_all(communicator, output, settings, [&](std::size_t d) {
      return Target{
          0, 1, &finished[d],
          [&writer, d](Range range, std::span<const std::byte> bytes) {
            writer.write_rows(d, range, bytes);
          },
          [&writer, d](std::span<const Range> ranges) { writer.note_written(d, ranges); }};
    });
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::stopped) writer.keep();
    throw;
  }
  writer.commit();
}

}  // namespace

ImportResult import_rows(const Communicator& communicator, const ImportSources& sources,
                         const ImportSettings& settings) {
  Output output;
  for (const Readers* readers : {&sources.samples, &sources.labels}) {
    if (!readers->empty()) output.arrays.push_back(readers);
  }
  const std::string group = settings.output.path == "/" ? "" : settings.output.path;
  std::vector<DatasetSpec>& specs = output.specs;
  collectively(communicator, [&] {
    require(!sources.samples.empty(), "an import without sources");
    if (settings.compression < 0 || settings.compression > 9) {
      throw Error(ErrorKind::usage, "--compress is " + std::to_string(settings.compression) +
                                        ": levels are 0 (none) to 9");
    }
    for (const Readers* readers : output.arrays) check_alike(*readers);
    if (total_rows(sources.samples) == 0) refuse(*sources.samples.front(), "holds no samples");
    if (!sources.labels.empty()) check_labels(sources.labels, sources.samples);
    std::vector<std::string> paths;
    for (const Readers* readers : output.arrays) {
      specs.push_back(specify(group + (specs.empty() ? "/samples" : "/labels"), *readers,
                              settings.compression));
      paths.push_back(specs.back().path);
    }
    check_output(settings.output.file, paths);
  });
  if (settings.compression == 0) {
    write_resumably(communicator, output, settings);
  } else {
    collectively(communicator, [&] {
      if (communicator.is_root()) write_compressed(output, settings);
    });
  }
  return {specs.front().shape, specs.front().type,
          specs.size() > 1 ? specs.back().shape.front() : 0};
}

ImportResult import_idx(const std::string& source, const std::string& labels,
                        const DatasetAddress& output, int compression) {
  ImportSources sources;
  sources.samples.push_back(open_idx_rows(source));
  if (!labels.empty()) sources.labels.push_back(open_idx_rows(labels));
  return import_rows(Communicator::self(), sources, {output, compression, {}, {}, {}});
}

}  // namespace hourglass
