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
#include "import/row_copy.hpp"
#include "import/row_sources.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

namespace {

/// The contents of one file: the sources of each data set, one after the other.
struct Output {
  std::vector<const RowReaders*> arrays;
  std::vector<DatasetSpec> specs;
};

/// Copies all sources; `target_of` says where the rows of data set number d go.
void copy_all(const Communicator& communicator, const Output& output,
              const ImportSettings& settings,
              const std::function<RowTarget(std::size_t d)>& target_of) {
  for (std::size_t d = 0; d < output.arrays.size(); ++d) {
    RowTarget target = target_of(d);
    for (const auto& reader : *output.arrays[d]) {
      copy_rows(communicator, *reader, target, [&](Index done) {
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
    return RowTarget{0, output.specs[d].chunk_rows, &nothing,
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
  for (const RowReaders* readers : output.arrays) {
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
      return RowTarget{
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
  for (const RowReaders* readers : {&sources.samples, &sources.labels}) {
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
    for (const RowReaders* readers : output.arrays) check_alike(*readers);
    if (total_rows(sources.samples) == 0) {
      throw Error(ErrorKind::data, sources.samples.front()->path() + ": holds no samples");
    }
    if (!sources.labels.empty()) {
      check_labels(sources.labels, total_rows(sources.samples), sources.samples.front()->path());
    }
    std::vector<std::string> paths;
    for (const RowReaders* readers : output.arrays) {
      specs.push_back(rows_spec(group + (specs.empty() ? "/samples" : "/labels"), *readers,
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
