#include "hdf5/dataset_writer.hpp"

#include <filesystem>
#include <optional>

#include "hdf5/dataset_layout.hpp"
#include "hdf5/hdf5_attributes.hpp"
#include "hdf5/parallel_access.hpp"
#include "hdf5/state_mark.hpp"
#include "hdf5/write_driver.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

using hdf5::Handle;
using hdf5::written;

void check_output(const std::string& file, std::span<const std::string> paths) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return;
  if (!std::filesystem::is_regular_file(file, ignored) &&
      !std::filesystem::is_directory(file, ignored))
    throw Error(ErrorKind::io, file + ": exists and is not a regular file; name another");
  const Handle handle = hdf5::open_file(file);
  if (is_state_file(handle.get()))
    throw Error(ErrorKind::usage, file + ": is a model or checkpoint; choose another --output");
  for (const std::string& path : paths) require_absent(handle.get(), path, file);
}

struct DatasetWriter::State {
  Communicator communicator;
  std::string name;
  std::vector<DatasetSpec> specs;
  std::optional<AtomicFile> target;  ///< rank 0's
  hdf5::WriteStatus status;          ///< of a single rank's driver
  Handle file;
  std::vector<Handle> datasets;
  std::vector<Index> rows_written;  ///< by this rank

  explicit State(const Communicator& ranks) : communicator(ranks) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    // Closing a shared file waits for all ranks, and here an error of this one alone may be on its
    // way up.
    if (communicator.size() == 1) return;
    for (Handle& dataset : datasets) dataset.release();
    file.release();
  }

  void open(const std::string& temporary) {
    const hdf5::Lock lock;
    file = communicator.size() == 1 ? hdf5::open_safely(temporary, name, false, &status)
                                    : hdf5::open_shared(temporary, name, communicator);
    for (const DatasetSpec& spec : specs) {
      const Handle access = dataset_access(spec, name);
      datasets.emplace_back(written(H5Dopen2(file.get(), spec.path.c_str(), access.get()), name,
                                    "cannot be opened for writing"),
                            H5Dclose);
    }
  }

  /// Collective with MPI-IO. Throws Error(io) when something could not be written; everything is
  /// closed all the same.
  void close() {
    const hdf5::Lock lock;
    // An fsync by rank 0 on another node would not cover what this rank has written through MPI-IO.
    bool closed =
        communicator.size() == 1 || file.get() < 0 || H5Fflush(file.get(), H5F_SCOPE_GLOBAL) >= 0;
    for (Handle& dataset : datasets) closed = dataset.close() && closed;
    closed = file.close() && closed;
    hdf5::throw_if_failed(status, name);
    if (!closed) throw Error(ErrorKind::io, name + ": cannot be completed; is the disk full?");
  }

  void write(std::size_t dataset, Range rows, const std::byte* values) {
    const hdf5::Lock lock;
    const DatasetSpec& spec = specs[dataset];
    std::vector<hsize_t> start(spec.shape.size(), 0);
    std::vector<hsize_t> count(spec.shape.begin(), spec.shape.end());
    start.front() = static_cast<hsize_t>(rows.begin);
    count.front() = static_cast<hsize_t>(rows.size());
    const Handle place(
        written(H5Dget_space(datasets[dataset].get()), name, "rows cannot be selected"), H5Sclose);
    const Handle memory(
        written(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), name,
                "rows cannot be selected"),
        H5Sclose);
    written(H5Sselect_hyperslab(place.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                                nullptr),
            name, "rows cannot be selected");
    written(H5Dwrite(datasets[dataset].get(), hdf5::native_type(spec.type), memory.get(),
                     place.get(), H5P_DEFAULT, values),
            name, "rows cannot be written");
    hdf5::throw_if_failed(status, name);
  }
};

DatasetWriter::DatasetWriter(const Communicator& communicator, const std::string& file,
                             std::vector<DatasetSpec> datasets, const FileFrame& frame)
    : state_(std::make_unique<State>(communicator)) {
  State& state = *state_;
  state.name = file;
  state.specs = std::move(datasets);
  state.rows_written.assign(state.specs.size(), 0);
  collectively(communicator, [&] {
    for (const DatasetSpec& spec : state.specs) check_spec(spec, communicator.size());
    if (!communicator.is_root()) return;
    std::vector<std::string> paths;
    for (const DatasetSpec& spec : state.specs) paths.push_back(spec.path);
    check_output(frame.copy_of.empty() ? file : frame.copy_of, paths);
    remove_dead_temporaries(file);
    state.target.emplace(file);
    make_layout(*state.target, state.specs, frame.copy_of.empty() ? file : frame.copy_of);
    if (frame.complete) frame.complete(state.target->temporary_path(), file);
    state.target->reserve(hdf5::file_bytes(state.target->temporary_path()));
  });
  const std::string temporary =
      communicator.broadcast(state.target ? state.target->temporary_path() : std::string());
  collectively(communicator, [&] { state.open(temporary); });
}

DatasetWriter::DatasetWriter(DatasetWriter&&) noexcept = default;
DatasetWriter& DatasetWriter::operator=(DatasetWriter&&) noexcept = default;

DatasetWriter::~DatasetWriter() = default;

void DatasetWriter::write_rows(std::size_t dataset, Range rows, std::span<const std::byte> values) {
  State& state = *state_;
  try {
    collectively(state.communicator, [&] {
      require(dataset < state.specs.size(), "no such data set in the output");
      const DatasetSpec& spec = state.specs[dataset];
      const Index rows_total = spec.shape.front();
      require(rows.begin >= 0 && rows.begin <= rows.end && rows.end <= rows_total,
              "rows outside the output");
      require(rows_total == 0 || static_cast<Index>(values.size()) ==
                                     rows.size() * (value_bytes(spec) / rows_total),
              "a buffer of another size than the rows");
      if (rows.empty()) return;
      state.write(dataset, rows, values.data());
      state.rows_written[dataset] += rows.size();
    });
  } catch (const Error&) {
    // Every rank comes here: the last chance to close a shared file together.
    try {
      state.close();
    } catch (const Error&) {  // the first error is the one to tell
    }
    throw;
  }
}

void DatasetWriter::commit() {
  State& state = *state_;
  std::vector<Index> rows = state.rows_written;
  state.communicator.sum(std::span<std::int64_t>(rows));
  collectively(state.communicator, [&] { state.close(); });
  collectively(state.communicator, [&] {
    for (std::size_t d = 0; d < rows.size(); ++d)
      require(rows[d] == state.specs[d].shape.front(), "rows of an output were not written");
    if (state.target) state.target->commit();
  });
}

}  // namespace hourglass
