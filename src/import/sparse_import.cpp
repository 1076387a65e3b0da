#include "import/sparse_import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/counted.hpp"
#include "core/range_set.hpp"
#include "data/normalization.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/core/error.hpp"
#include "import/resumable_writer.hpp"
#include "import/row_copy.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

namespace {

// The data sets of the matrix.
enum Part : std::size_t { values, columns, pointers, labels };

constexpr Index chunk_elements = Index{1} << 17;
constexpr Index pointers_at_once = Index{1} << 20;

[[noreturn]] void refuse(const SparseReader& reader, const std::string& reason) {
  throw Error(ErrorKind::data, reader.path() + ": " + reason);
}

/// The places of a source's features among those of the first source; none where they are the same.
std::vector<std::int32_t> places_by_name(const SparseReader& reader,
                                         const std::vector<std::string>& names,
                                         const SparseReader& first,
                                         const std::vector<std::string>& wanted) {
  std::unordered_map<std::string_view, std::int32_t> known;
  for (const std::string& name : wanted)
    known.emplace(name, static_cast<std::int32_t>(known.size()));
  if (known.size() != wanted.size())
    refuse(first,
           "two of its features have the same name, so other files cannot be matched with it");
  std::vector<std::int32_t> places;
  std::vector<bool> found(wanted.size());
  for (const std::string& name : names) {
    const auto place = known.find(name);
    places.push_back(place == known.end() ? -1 : place->second);
    if (place == known.end()) continue;
    const auto number = static_cast<std::size_t>(place->second);
    if (found[number]) refuse(reader, "two of its features are named " + name);
    found[number] = true;
  }
  const auto missing = std::ranges::find(found, false);
  if (missing != found.end()) {
    refuse(reader, "has no feature " + wanted[static_cast<std::size_t>(missing - found.begin())] +
                       ", which " + first.path() + " has");
  }
  return places;
}

/// Makes the features of all sources those of the first. Returns what was done, in words.
std::string match_features(const SparseReaders& sources) {
  const SparseReader& first = *sources.front();
  const std::vector<std::string> wanted = first.feature_names();
  std::string note;
  for (const auto& reader : sources) {
    if (reader->type() != first.type()) {
      refuse(*reader, fmt::format("holds {}, but {} holds {}", name_of(reader->type()),
                                  first.path(), name_of(first.type())));
    }
    const std::vector<std::string> names = reader->feature_names();
    if (!wanted.empty() && !names.empty()) {
      if (names == wanted) continue;
      reader->set_places(places_by_name(*reader, names, first, wanted));
      if (names.size() > wanted.size()) {
        note = fmt::format("{}: {} that {} does not have {} left out", reader->path(),
                           counted(static_cast<Index>(names.size() - wanted.size()), "feature"),
                           first.path(), names.size() - wanted.size() == 1 ? "is" : "are");
      } else if (note.empty()) {
        note = reader->path() + ": its features are brought into the order of " + first.path() +
               " by name";
      }
    } else if (reader->features() != first.features()) {
      refuse(*reader, fmt::format("has {}, but {} has {}", counted(reader->features(), "feature"),
                                  first.path(), first.features()));
    }
  }
  return note;
}

/// Names of all samples; none unless all sources have some.
std::vector<std::string> sample_names(const SparseReaders& sources) {
  std::vector<std::string> names;
  for (const auto& reader : sources) {
    std::vector<std::string> own = reader->sample_names();
    if (static_cast<Index>(own.size()) != reader->samples()) return {};
    names.insert(names.end(), std::make_move_iterator(own.begin()),
                 std::make_move_iterator(own.end()));
  }
  return names;
}

GroupSpec table_of(const std::string& path) {
  return {path,
          {{"encoding-type", "dataframe"}, {"encoding-version", "0.2.0"}, {"_index", "_index"}},
          {{"column-order", {}}}};
}

TextSpec index_of(const std::string& table, Index count, std::vector<std::string> names) {
  return {table + "/_index",
          count,
          std::move(names),
          {{"encoding-type", "string-array"}, {"encoding-version", "0.2.0"}}};
}

std::vector<DatasetSpec> specify(const std::string& group, const SparseSources& given,
                                 const RowEntries& entries, int compression, bool names) {
  const SparseReaders& sources = given.samples;
  const SparseReader& first = *sources.front();
  const Index samples = entries.rows();
  const Index elements = entries.count({0, samples});
  const Index chunk = compression > 0 ? chunk_elements : 0;
  std::vector<DatasetSpec> specs(3);
  specs[values] = {group + "/X/data", {elements}, first.type(), chunk, compression, {}};
  specs[columns] = {group + "/X/indices", {elements}, ElementType::i32, chunk, compression, {}};
  specs[pointers] = {group + "/X/indptr", {samples + 1}, ElementType::i64, chunk, compression, {}};
  specs[values].groups = {{group.empty() ? "/" : group,
                           {{"encoding-type", "anndata"}, {"encoding-version", "0.1.0"}},
                           {}},
                          {group + "/X",
                           {{"encoding-type", "csr_matrix"}, {"encoding-version", "0.1.0"}},
                           {{"shape", {samples, first.features()}}}},
                          table_of(group + "/obs"),
                          table_of(group + "/var")};
  specs[values].text_sets = {
      index_of(group + "/obs", samples, names ? sample_names(sources) : std::vector<std::string>()),
      index_of(group + "/var", first.features(), first.feature_names())};
  if (!given.labels.empty()) {
    specs.push_back(rows_spec(group + "/obs/labels", given.labels, compression));
    specs[labels].texts.insert({{"encoding-type", "array"}, {"encoding-version", "0.2.0"}});
    GroupSpec& table = specs[values].groups[2];
    table.numbers.clear();
    table.lists["column-order"] = {"labels"};
  }
  return specs;
}

/// Where the parts of the matrix go.
struct Target {
  std::function<const RangeSet&(std::size_t part)> finished;
  std::function<void(std::size_t part, Range rows, std::span<const std::byte> bytes)> write;
  /// By all ranks: every one has written its part of these.
  std::function<void(std::size_t part, std::span<const Range> rows)> written;
};

/// What all ranks agree on.
struct SparseOutput {
  const SparseReaders& sources;
  const RowReaders& labels;
  RowEntries entries;  ///< of all samples
  std::vector<RowEntries> of_source;
  std::vector<DatasetSpec> specs;
};

void refuse_non_finite(const SparseReader& reader, Range samples, const CompressedRows& rows) {
  if (reader.may_miss_values()) return;
  const Index bad = first_non_finite(reader.type(), rows.values);
  if (bad < 0) return;
  const auto row = std::ranges::upper_bound(rows.starts, bad) - rows.starts.begin() - 1;
  refuse(reader, fmt::format("sample {} (from 0) holds a number that is not finite in single "
                             "precision, feature {}",
                             samples.begin + row, rows.columns[static_cast<std::size_t>(bad)]));
}

/// Copies one source: each rank its pieces, one a round.
void copy(const Communicator& communicator, const SparseOutput& matrix, std::size_t number,
          Index first, const Target& target, const std::function<void(Index)>& progress) {
  SparseReader& reader = *matrix.sources[number];
  const RowEntries& entries = matrix.of_source[number];
  const auto elements_of = [&](const Range& samples) {
    return Range{matrix.entries.before(first + samples.begin),
                 matrix.entries.before(first + samples.end)};
  };
  auto pieces = reader.pieces(entries, communicator.size());
  Index done = first;
  std::size_t rounds = 0;
  for (std::vector<Range>& of_rank : pieces) {
    std::erase_if(of_rank, [&](const Range& samples) {
      const Range range = elements_of(samples);
      const bool there = target.finished(values).missing(range).empty() &&
                         target.finished(columns).missing(range).empty();
      if (there) done += samples.size();
      return there;
    });
    rounds = std::max(rounds, of_rank.size());
  }
  const std::vector<Range>& mine = pieces[static_cast<std::size_t>(communicator.rank())];
  CompressedRows rows;
  for (std::size_t round = 0; round < rounds; ++round) {
    collectively(communicator, [&] {
      if (round >= mine.size()) return;
      const Range piece = mine[round];
      rows.clear();
      reader.read(piece, entries, rows);
      refuse_non_finite(reader, piece, rows);
      const Range range = elements_of(piece);
      if (rows.entries() != range.size()) refuse(reader, "has changed while it was read");
      target.write(values, range, rows.values);
      target.write(columns, range, std::as_bytes(std::span(rows.columns)));
    });
    std::vector<Range> written;
    for (const std::vector<Range>& of_rank : pieces) {
      if (round >= of_rank.size()) continue;
      written.push_back(elements_of(of_rank[round]));
      done += of_rank[round].size();
    }
    target.written(values, written);
    target.written(columns, written);
    progress(done);
  }
}

void copy_pointers(const Communicator& communicator, const SparseOutput& matrix,
                   const Target& target) {
  const Index count = matrix.entries.rows() + 1;
  collectively(communicator, [&] {
    std::vector<Index> numbers;
    for (Index begin = 0; communicator.is_root() && begin < count; begin += pointers_at_once) {
      const Index end = std::min(count, begin + pointers_at_once);
      numbers.clear();
      for (Index row = begin; row < end; ++row) numbers.push_back(matrix.entries.before(row));
      target.write(pointers, {begin, end}, std::as_bytes(std::span(numbers)));
    }
  });
  const Range all{0, count};
  target.written(pointers, {&all, 1});
}

void copy_labels(const Communicator& communicator, const SparseOutput& matrix,
                 const Target& target) {
  const DatasetSpec& spec = matrix.specs[labels];
  RowTarget rows{
      0, spec.compression > 0 ? spec.chunk_rows : 1, &target.finished(labels),
      [&](Range range, std::span<const std::byte> bytes) { target.write(labels, range, bytes); },
      [&](std::span<const Range> ranges) { target.written(labels, ranges); }};
  for (const auto& reader : matrix.labels) {
    copy_rows(communicator, *reader, rows, [](Index) {});
    rows.first += reader->rows();
  }
}

void copy_all(const Communicator& communicator, const SparseOutput& matrix,
              const ImportSettings& settings, const Target& target) {
  Index first = 0;
  for (std::size_t number = 0; number < matrix.sources.size(); ++number) {
    copy(communicator, matrix, number, first, target, [&](Index done) {
      if (settings.progress) settings.progress(done, matrix.entries.rows());
    });
    first += matrix.sources[number]->samples();
  }
  copy_pointers(communicator, matrix, target);
  if (!matrix.labels.empty()) copy_labels(communicator, matrix, target);
}

std::string identity_of(const SparseOutput& matrix, const ImportSettings& settings) {
  std::string text = "sparse\n" + settings.options;
  for (const auto& reader : matrix.sources) {
    text += "\n" + std::to_string(reader->samples());
    for (const std::string& file : reader->files()) text += "\n" + file_identity(file);
  }
  for (const auto& reader : matrix.labels) {
    for (const std::string& file : reader->files()) text += "\n" + file_identity(file);
  }
  return text;
}

void write_resumably(const Communicator& communicator, const SparseOutput& matrix,
                     const ImportSettings& settings) {
  std::string identity;
  collectively(communicator, [&] {
    if (communicator.is_root()) identity = identity_of(matrix, settings);
  });
  ResumableWriter writer(communicator, settings.output.file, matrix.specs, identity);
  std::vector<RangeSet> finished;
  for (std::size_t part = 0; part < matrix.specs.size(); ++part)
    finished.push_back(writer.finished(part));
  const Index elements = matrix.specs[values].shape.front();
  const Index there = finished[values].count({0, elements});
  if (settings.note && communicator.is_root() && there > 0) {
    settings.note(fmt::format(
        "continuing an import that was interrupted: {} of {} elements are there", there, elements));
  }
  try {
    copy_all(
        communicator, matrix, settings,
        {[&](std::size_t part) -> const RangeSet& { return finished[part]; },
         [&](std::size_t part, Range rows, std::span<const std::byte> bytes) {
           writer.write_rows(part, rows, bytes);
         },
         [&](std::size_t part, std::span<const Range> rows) { writer.note_written(part, rows); }});
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::stopped) writer.keep();
    throw;
  }
  writer.commit();
}

void write_compressed(const SparseOutput& matrix, const ImportSettings& settings) {
  const Communicator self = Communicator::self();
  DatasetWriter writer(self, settings.output.file, matrix.specs);
  const RangeSet nothing;
  copy_all(self, matrix, settings,
           {[&](std::size_t) -> const RangeSet& { return nothing; },
            [&](std::size_t part, Range rows, std::span<const std::byte> bytes) {
              writer.write_rows(part, rows, bytes);
            },
            [](std::size_t, std::span<const Range>) {}});
  writer.commit();
}

/// Counts the elements of all samples and says what is to be written. Collective.
SparseOutput plan(const Communicator& communicator, const SparseSources& given,
                  const ImportSettings& settings) {
  const SparseReaders& sources = given.samples;
  SparseOutput matrix{sources, given.labels, {}, {}, {}};
  const std::string group = settings.output.path == "/" ? "" : settings.output.path;
  collectively(communicator, [&] {
    require(!sources.empty(), "an import without sources");
    const std::string note = match_features(sources);
    if (!note.empty() && settings.note && communicator.is_root()) settings.note(note);
    const std::vector<std::string> paths = {group + "/X", group + "/obs", group + "/var"};
    check_output(settings.output.file, paths);
  });
  std::vector<Index> starts = {0};
  Index total = 0;
  for (const auto& reader : sources) {
    std::vector<Index> own = {0};
    const Index before = total;
    for (const Index count : reader->count(communicator)) {
      total += count;
      own.push_back(total - before);
      starts.push_back(total);
    }
    matrix.of_source.emplace_back(std::move(own));
  }
  matrix.entries = RowEntries(std::move(starts));
  collectively(communicator, [&] {
    if (matrix.entries.rows() == 0) refuse(*sources.front(), "holds no samples");
    if (!given.labels.empty()) {
      check_alike(given.labels);
      check_labels(given.labels, matrix.entries.rows(), sources.front()->path());
    }
    matrix.specs =
        specify(group, given, matrix.entries, settings.compression, communicator.is_root());
  });
  return matrix;
}

}  // namespace

SparseImportResult import_sparse(const Communicator& communicator, const SparseSources& sources,
                                 const ImportSettings& settings) {
  // A compressed chunk has one writer: the readers count for the ranks that read.
  const bool alone = settings.compression > 0;
  SparseImportResult result;
  const auto run = [&](const Communicator& ranks) {
    const SparseOutput matrix = plan(ranks, sources, settings);
    if (alone) {
      write_compressed(matrix, settings);
    } else {
      write_resumably(ranks, matrix, settings);
    }
    const Index samples = matrix.entries.rows();
    const SparseReader& first = *sources.samples.front();
    result = {samples, first.features(), matrix.entries.count({0, samples}),
              sources.labels.empty() ? 0 : samples, first.type()};
  };
  if (!alone) {
    run(communicator);
    return result;
  }
  collectively(communicator, [&] {
    if (communicator.is_root()) run(Communicator::self());
  });
  return result;
}

}  // namespace hourglass
