#include "hdf5/hdf5.hpp"

#include "hdf5/hdf5_handle.hpp"
#include "hdf5/row_source.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Whether a list ends with the name of an array file, which needs no path: "a.h5:/x,b.npy".
bool ends_with_array(const std::string& text, std::size_t colon) {
  return (text.ends_with(".npy") || text.ends_with(".safetensors")) &&
         text.find_first_of(",+", colon) != std::string::npos;
}

}  // namespace

DatasetAddress parse_address(const std::string& text) {
  std::size_t colon = text.rfind(":/");
  if (colon != std::string::npos && ends_with_array(text, colon)) colon = std::string::npos;
  DatasetAddress address{text.substr(0, colon),
                         colon == std::string::npos ? "" : text.substr(colon + 1)};
  while (!address.path.empty() && address.path.back() == '/') address.path.pop_back();
  if (address.file.empty()) {
    throw Error(ErrorKind::usage, "\"" + text + "\" names no file; write FILE.h5:/path/to/dataset");
  }
  return address;
}

std::string to_string(const DatasetAddress& address) {
  return address.path.empty() ? address.file : address.file + ":" + address.path;
}

namespace {

// The number of rows in ascending, disjoint ranges of the data set's.
Index rows_of(std::span<const Range> runs, const DatasetInfo& info) {
  Index end = 0;
  Index rows = 0;
  for (const Range& run : runs) {
    require(run.begin >= end && run.begin < run.end && run.end <= info.rows(),
            "rows outside the data set, or not in order");
    end = run.end;
    rows += run.size();
  }
  return rows;
}

}  // namespace

DatasetReader::DatasetReader(const DatasetAddress& address) : rows_(open_rows(address)) {}

DatasetReader::DatasetReader(DatasetReader&&) noexcept = default;
DatasetReader& DatasetReader::operator=(DatasetReader&&) noexcept = default;
DatasetReader::~DatasetReader() = default;

const DatasetInfo& DatasetReader::info() const { return rows_->info(); }

std::string DatasetReader::where(Index row) const { return rows_->where(row); }

void DatasetReader::read_rows(Range rows, std::span<std::byte> bytes) const {
  const DatasetInfo& info = rows_->info();
  require(rows.begin >= 0 && rows.begin <= rows.end && rows.end <= info.rows(),
          "rows outside the data set");
  require(static_cast<Index>(bytes.size()) == rows.size() * info.row_bytes(),
          "buffer of another size than the rows");
  if (!rows.empty()) rows_->read_rows(rows, bytes);
}

void DatasetReader::read_runs(std::span<const Range> runs, std::span<std::byte> bytes) const {
  const Index rows = rows_of(runs, rows_->info());
  require(static_cast<Index>(bytes.size()) == rows * rows_->info().row_bytes(),
          "buffer of another size than the rows");
  if (!runs.empty()) rows_->read_runs(runs, bytes);
}

void DatasetReader::read_sparse(std::span<const Range> runs, CompressedRows& rows) const {
  require(rows_of(runs, rows_->info()) >= 0 && rows_->info().entries.known(),
          "dense rows read as sparse ones");
  rows.value_bytes = static_cast<std::size_t>(size_of(rows_->info().type));
  if (!runs.empty()) rows_->read_sparse(runs, rows);
}

void DatasetReader::release() const { rows_->release(); }

void DatasetReader::read_steps(Range steps, std::span<std::byte> bytes) const {
  require(steps.begin >= 0 && steps.begin <= steps.end &&
              static_cast<Index>(bytes.size()) == steps.size() * rows_->info().step_bytes(),
          "buffer of another size than the steps");
  if (!steps.empty()) rows_->read_steps(steps, bytes);
}

ElementPlace DatasetReader::place(Index row, Index feature) const {
  return rows_->place(row, feature);
}

ElementPlace DatasetReader::place_in_step(Index step, Index feature) const {
  return rows_->place_in_step(step, feature);
}

Index DatasetReader::time_steps() const { return rows_->time_steps(); }

Index DatasetReader::first_time_step(Index row) const { return rows_->first_time_step(row); }

std::string hdf5_version() {
  const hdf5::Lock lock;
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
#ifdef H5_HAVE_PARALLEL
  const char* flavour = ", parallel";
#else
  const char* flavour = "";
#endif
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release) +
         flavour;
}

}  // namespace hourglass
