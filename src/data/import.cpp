#include "hourglass/data/import.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hourglass/core/error.hpp"
#include "hourglass/data/file_rows.hpp"
#include "hourglass/dist/communicator.hpp"
#include "hourglass/io/dataset_writer.hpp"

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
      refuse(*reader, "holds " + std::string(name_of(reader->type())) + ", but " + first.path() + " holds " +
                          std::string(name_of(first.type())));
    }
    if (sample(*reader) != sample(first)) {
      refuse(*reader, "holds " + shape_text(reader->shape()) + ", whose samples are of another shape than those of " +
                          first.path() + " (" + shape_text(first.shape()) + ")");
    }
    if (reader->classes() != first.classes()) {
      refuse(*reader, "its labels are other texts than those of " + first.path() +
                          ", so the same number would mean two things; import them as one file, or use numbers");
    }
  }
}

Index total_rows(const Readers& readers) {
  Index rows = 0;
  for (const auto& reader : readers) {
    if (__builtin_add_overflow(rows, reader->rows(), &rows)) refuse(*reader, "makes more rows than can be counted");
  }
  return rows;
}

void check_labels(const Readers& labels, const Readers& samples) {
  const RowReader& first = *labels.front();
  if (first.shape().size() != 1) {
    refuse(first, "has " + std::to_string(first.shape().size()) +
                      " dimensions, but labels have one; are samples and labels interchanged?");
  }
  if (!is_integer(first.type())) refuse(first, "holds " + std::string(name_of(first.type())) + ", but labels are integers");
  if (total_rows(labels) != total_rows(samples)) {
    refuse(first, "has " + std::to_string(total_rows(labels)) + " labels for the " + std::to_string(total_rows(samples)) +
                      " samples of " + samples.front()->path());
  }
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
  if (!classes.empty()) spec.texts["classes"] = classes;
  return spec;
}

/// Copies one source to the rows of data set `number` that begin at `first`: each rank its part, about 8 MiB at a time, written
/// together.
void copy(const Communicator& communicator, RowReader& reader, std::size_t number, Index first, Index multiple,
          DatasetWriter& writer, const std::function<void(Index)>& progress) {
  const Range mine = reader.part(communicator.rank(), communicator.size());
  const Index rows = std::max<Index>(1, copied_at_once / reader.row_bytes() / multiple) * multiple;
  const Index rounds = communicator.max((mine.size() + rows - 1) / rows);
  // Not initialised: what a header claims costs nothing until the file delivers it.
  const auto memory =
      std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(std::min(rows, mine.size()) * reader.row_bytes()));
  for (Index round = 0; round < rounds; ++round) {
    const Range piece{std::min(mine.end, mine.begin + round * rows), std::min(mine.end, mine.begin + (round + 1) * rows)};
    const std::span bytes(memory.get(), static_cast<std::size_t>(piece.size() * reader.row_bytes()));
    collectively(communicator, [&] {
      if (!piece.empty()) reader.read_rows(piece, bytes);
    });
    writer.write_rows(number, {first + piece.begin, first + piece.end}, bytes);
    std::int64_t done = piece.end - mine.begin;
    communicator.sum(std::span(&done, 1));
    progress(first + done);
  }
}

}  // namespace

ImportResult import_rows(const Communicator& communicator, const ImportSources& sources, const ImportSettings& settings) {
  std::vector<const Readers*> arrays;
  for (const Readers* readers : {&sources.samples, &sources.labels}) {
    if (!readers->empty()) arrays.push_back(readers);
  }
  const std::string group = settings.output.path == "/" ? "" : settings.output.path;
  std::vector<DatasetSpec> specs;
  std::vector<std::string> paths;
  collectively(communicator, [&] {
    require(!sources.samples.empty(), "an import without sources");
    if (settings.compression < 0 || settings.compression > 9) {
      throw Error(ErrorKind::usage, "--compress is " + std::to_string(settings.compression) + ": levels are 0 (none) to 9");
    }
    for (const Readers* readers : arrays) check_alike(*readers);
    if (total_rows(sources.samples) == 0) refuse(*sources.samples.front(), "holds no samples");
    if (!sources.labels.empty()) check_labels(sources.labels, sources.samples);
    for (const Readers* readers : arrays) {
      specs.push_back(specify(group + (specs.empty() ? "/samples" : "/labels"), *readers, settings.compression));
      paths.push_back(specs.back().path);
    }
    check_output(settings.output.file, paths);
  });
  const auto write = [&](const Communicator& writers) {
    DatasetWriter writer(writers, settings.output.file, specs);
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      Index first = 0;
      for (const auto& reader : *arrays[i]) {
        copy(writers, *reader, i, first, specs[i].chunk_rows, writer, [&](Index done) {
          if (i == 0 && settings.progress) settings.progress(done, specs[i].shape.front());
        });
        first += reader->rows();
      }
    }
    writer.commit();
  };
  if (settings.compression == 0) {
    write(communicator);
  } else {
    // A compressed chunk has one writer.
    collectively(communicator, [&] {
      if (communicator.is_root()) write(Communicator::self());
    });
  }
  return {specs.front().shape, specs.front().type, specs.size() > 1 ? specs.back().shape.front() : 0};
}

ImportResult import_idx(const std::string& source, const std::string& labels, const DatasetAddress& output, int compression) {
  ImportSources sources;
  sources.samples.push_back(open_idx_rows(source));
  if (!labels.empty()) sources.labels.push_back(open_idx_rows(labels));
  return import_rows(Communicator::self(), sources, {output, compression, {}});
}

}  // namespace hourglass
