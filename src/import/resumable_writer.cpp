#include "import/resumable_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/text_digest.hpp"
#include "core/timer.hpp"
#include "hdf5/dataset_layout.hpp"
#include "hdf5/hdf5_attributes.hpp"
#include "hourglass/core/error.hpp"
#include "import/row_journal.hpp"
#include "system/atomic_file.hpp"
#include "system/byte_file.hpp"
#include "system/posix_file.hpp"

namespace hourglass {

namespace {

// The times it takes to flush that pass before the next flush.
constexpr double rest = 10;

std::string fingerprint_of(const std::string& file, const std::vector<DatasetSpec>& specs,
                           const std::string& content) {
  std::error_code ignored;
  std::string text =
      content + "\n" + (std::filesystem::exists(file, ignored) ? file_identity(file) : "new");
  for (const DatasetSpec& spec : specs) {
    text += "\n" + spec.path + "\n" + std::string(name_of(spec.type)) + " in " +
            std::to_string(spec.chunk_rows);
    for (const Index size : spec.shape) text += " " + std::to_string(size);
    for (const auto& [key, value] : spec.texts) text += "\n" + key + "=" + value;
    for (const auto& [key, texts] : spec.lists) {
      text += "\n" + key + ":";
      for (const std::string& item : texts) text += "\n" + std::to_string(item.size()) + item;
    }
    for (const auto& [key, value] : spec.long_texts) text += "\n" + key + "=" + value;
  }
  return text_digest(text);
}

// Numbers that rank 0 has, on every rank.
std::vector<Index> broadcast(const Communicator& communicator, const std::vector<Index>& numbers) {
  std::string bytes(numbers.size() * sizeof(Index), '\0');
  if (!numbers.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
  bytes = communicator.broadcast(bytes);
  std::vector<Index> all(bytes.size() / sizeof(Index));
  if (!all.empty()) std::memcpy(all.data(), bytes.data(), bytes.size());
  return all;
}

}  // namespace

struct ResumableWriter::State {
  explicit State(const Communicator& ranks) : communicator(ranks) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    // The temporary removes itself.
    if (target && !kept) static_cast<void>(unlink(journal_path.c_str()));
  }

  Communicator communicator;
  std::string name;
  std::vector<DatasetSpec> specs;
  std::string journal_path;
  std::optional<AtomicFile> target;   // rank 0's
  std::optional<RowJournal> journal;  // rank 0's
  bool discarded = false;
  bool kept = false;
  posix::FileDescriptor file;
  std::vector<ValuePlaces> places;
  std::vector<RangeSet> finished;
  std::vector<RowJournal::Entry> pending;  // written, but perhaps not on the disk
  Timer since_flush;
  double pause = 0;

  // Rank 0: takes up what is there, or begins.
  void open(const std::string& content) {
    const std::string fingerprint = fingerprint_of(name, specs, content);
    target.emplace(AtomicFile::continued(name));
    journal_path = journal_name(name);
    remove_dead_temporaries(name);
    const std::string temporary = target->temporary_path();
    const bool begun = hdf5::file_bytes(temporary) > 0;
    try {
      if (begun) journal = RowJournal::open(journal_path, fingerprint, name, finished);
      if (journal) locate();
    } catch (const Error&) {  // not as it was left
      journal.reset();
    }
    if (journal) return;
    discarded = begun;
    if (begun) {
      // Not emptied but replaced: a process of the writing before may still be alive somewhere.
      target.reset();
      remove_dead_temporaries(name);
      target.emplace(AtomicFile::continued(name));
    }
    finished.assign(specs.size(), {});
    make_layout(*target, specs, name);
    target->reserve(hdf5::file_bytes(temporary));
    locate();
    posix::synchronize(posix::open_file(temporary, O_WRONLY, name).get(), name);
    journal.emplace(journal_path, fingerprint, name);
  }

  void locate() {
    const hdf5::Handle hdf5_file = hdf5::open_file(target->temporary_path());
    places.clear();
    for (const DatasetSpec& spec : specs)
      places.push_back(locate_values(hdf5_file.get(), spec, name));
  }

  // Every rank learns what rank 0 has found.
  void share() {
    const std::string temporary =
        communicator.broadcast(target ? target->temporary_path() : std::string());
    places.resize(specs.size());
    for (std::size_t d = 0; d < specs.size(); ++d) {
      std::vector<Index> numbers = {places[d].rows_at_once, places[d].row_bytes};
      numbers.insert(numbers.end(), places[d].offsets.begin(), places[d].offsets.end());
      numbers = broadcast(communicator, numbers);
      places[d] = {numbers[0], numbers[1], {numbers.begin() + 2, numbers.end()}};
      std::vector<Index> ends;
      for (const Range& range : finished[d].ranges())
        ends.insert(ends.end(), {range.begin, range.end});
      ends = broadcast(communicator, ends);
      for (std::size_t i = 0; i < ends.size(); i += 2) finished[d].add({ends[i], ends[i + 1]});
    }
    collectively(communicator, [&] { file = posix::open_file(temporary, O_WRONLY, name); });
  }

  void flush() {
    const Timer timer;
    collectively(communicator, [&] { posix::synchronize(file.get(), name); });
    collectively(communicator, [&] {
      if (journal) journal->append(pending);
    });
    for (const RowJournal::Entry& entry : pending) finished[entry.dataset].add(entry.rows);
    pending.clear();
    pause = rest * timer.seconds();
    since_flush.restart();
  }
};

ResumableWriter::ResumableWriter(const Communicator& communicator, const std::string& file,
                                 std::vector<DatasetSpec> datasets, const std::string& content)
    : state_(std::make_unique<State>(communicator)) {
  State& state = *state_;
  state.name = file;
  state.specs = std::move(datasets);
  state.finished.resize(state.specs.size());
  collectively(communicator, [&] {
    std::vector<std::string> paths;
    for (const DatasetSpec& spec : state.specs) {
      check_spec(spec, communicator.size());
      require(spec.compression == 0, "rows of a compressed data set have no fixed place");
      paths.push_back(spec.path);
    }
    if (!communicator.is_root()) return;
    check_output(file, paths);
    state.open(content);
  });
  state.share();
}

ResumableWriter::~ResumableWriter() = default;

const RangeSet& ResumableWriter::finished(std::size_t dataset) const {
  return state_->finished[dataset];
}

bool ResumableWriter::discarded() const { return state_->discarded; }

void ResumableWriter::write_rows(std::size_t dataset, Range rows,
                                 std::span<const std::byte> values) {
  const State& state = *state_;
  require(dataset < state.specs.size(), "no such data set in the output");
  const ValuePlaces& places = state.places[dataset];
  require(
      rows.begin >= 0 && rows.begin <= rows.end && rows.end <= state.specs[dataset].shape.front(),
      "rows outside the output");
  require(static_cast<Index>(values.size()) == rows.size() * places.row_bytes,
          "a buffer of another size than the rows");
  while (!rows.empty()) {
    const Index chunk = rows.begin / places.rows_at_once;
    const Index count = std::min(rows.end, (chunk + 1) * places.rows_at_once) - rows.begin;
    const Index within = rows.begin - chunk * places.rows_at_once;
    const auto bytes = static_cast<std::size_t>(count * places.row_bytes);
    posix::write_at(state.file.get(),
                    places.offsets[static_cast<std::size_t>(chunk)] + within * places.row_bytes,
                    values.first(bytes), state.name);
    values = values.subspan(bytes);
    rows.begin += count;
  }
}

void ResumableWriter::note_written(std::size_t dataset, std::span<const Range> rows) {
  State& state = *state_;
  for (const Range& range : rows) {
    if (!range.empty()) state.pending.push_back({dataset, range});
  }
  const bool due = state.communicator.is_root() && state.since_flush.seconds() >= state.pause;
  if (state.communicator.max(Index{due ? 1 : 0}) != 0) state.flush();
}

void ResumableWriter::keep() {
  state_->flush();
  state_->kept = true;
  if (state_->target) state_->target->keep();
}

void ResumableWriter::commit() {
  State& state = *state_;
  state.flush();
  collectively(state.communicator, [&] {
    for (std::size_t d = 0; d < state.specs.size(); ++d) {
      const Index rows = state.specs[d].shape.front();
      require(state.finished[d].count({0, rows}) == rows, "rows of an output were not written");
    }
    if (!state.target) return;
    state.target->commit();
    static_cast<void>(unlink(state.journal_path.c_str()));
  });
}

}  // namespace hourglass
