#include "hourglass/data/samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/buffer.hpp"
#include "data/finite_rows.hpp"
#include "data/normalization.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr Index write_bytes = Index{32} << 20;

OwnedMatrix read(const DatasetReader& reader, Range rows) {
  const DatasetInfo& info = reader.info();
  OwnedMatrix samples(rows.size(), info.features());
  const Index step = rows_a_read(info);
  Buffer<std::byte> stored(std::min(step, rows.size()) * info.row_bytes());
  for (Index begin = rows.begin; begin < rows.end; begin += step) {
    const Range part{begin, std::min(rows.end, begin + step)};
    read_finite_rows(reader, part,
                     stored.span().first(static_cast<std::size_t>(part.size() * info.row_bytes())));
    for (Index r = part.begin; r < part.end; ++r) {
      convert_row(info.type, stored.data() + (r - part.begin) * info.row_bytes(), {},
                  samples.view().row(r - rows.begin));
    }
  }
  return samples;
}

struct Extent {
  Range mine;
  Index rows = 0;
  Index columns = 0;
};

// Collective.
Extent agree_on_extent(const Communicator& communicator, ConstMatrix samples) {
  const auto rank = static_cast<std::size_t>(communicator.rank());
  std::vector<std::int64_t> counts(static_cast<std::size_t>(communicator.size()));
  counts[rank] = samples.rows;
  communicator.sum(std::span(counts));
  Extent extent;
  for (std::size_t r = 0; r < counts.size(); ++r) {
    if (r == rank) extent.mine = {extent.rows, extent.rows + counts[r]};
    extent.rows += counts[r];
  }
  extent.columns = communicator.max(samples.rows > 0 ? samples.columns : 0);
  return extent;
}

void check_extent(const Extent& extent, const DatasetAddress& address, ConstMatrix samples) {
  const std::string name = to_string(address);
  if (address.path.size() < 2) {
    throw Error(ErrorKind::usage,
                fmt::format("{}: name the data set to write: FILE.h5:/samples", name));
  }
  if (extent.rows == 0 || extent.columns == 0)
    throw Error(ErrorKind::usage, fmt::format("{}: there are no samples to write", name));
  if (samples.rows > 0 && samples.columns != extent.columns) {
    throw Error(ErrorKind::usage, fmt::format("{}: samples of {} features beside those of {}", name,
                                              samples.columns, extent.columns));
  }
}

}  // namespace

SampleShape sample_shape(const std::string& address) {
  const DatasetReader reader(parse_address(address));
  return {reader.info().rows(), reader.info().features()};
}

OwnedMatrix read_samples(const std::string& address) {
  const DatasetReader reader(parse_address(address));
  return read(reader, {0, reader.info().rows()});
}

OwnedMatrix read_samples(const std::string& address, Range rows) {
  const DatasetReader reader(parse_address(address));
  if (rows.begin < 0 || rows.begin > rows.end || rows.end > reader.info().rows()) {
    throw Error(ErrorKind::usage, fmt::format("{} has {} rows, but rows {} to {} were asked for",
                                              address, reader.info().rows(), rows.begin, rows.end));
  }
  return read(reader, rows);
}

void write_samples(const Communicator& communicator, const std::string& address,
                   ConstMatrix samples) {
  const Extent extent = agree_on_extent(communicator, samples);
  const DatasetAddress place = parse_address(address);
  collectively(communicator, [&] { check_extent(extent, place, samples); });
  const Index row_bytes = extent.columns * static_cast<Index>(sizeof(float));
  DatasetWriter writer(communicator, place.file,
                       {{place.path, {extent.rows, extent.columns}, ElementType::f32, 0, 0, {}}});
  const Index step = std::max<Index>(1, write_bytes / row_bytes);
  const Index rounds = communicator.max((samples.rows + step - 1) / step);
  Buffer<std::byte> values(std::min(step, samples.rows) * row_bytes);
  for (Index round = 0; round < rounds; ++round) {
    const Range part{std::min(samples.rows, round * step),
                     std::min(samples.rows, (round + 1) * step)};
    for (Index r = part.begin; r < part.end; ++r) {
      std::memcpy(values.data() + (r - part.begin) * row_bytes, samples.row(r).data(),
                  static_cast<std::size_t>(row_bytes));
    }
    writer.write_rows(0, {extent.mine.begin + part.begin, extent.mine.begin + part.end},
                      values.span().first(static_cast<std::size_t>(part.size() * row_bytes)));
  }
  writer.commit();
}

}  // namespace hourglass
