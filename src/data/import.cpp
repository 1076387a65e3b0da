#include "hourglass/data/import.hpp"

#include <algorithm>
#include <memory>

#include "hourglass/core/buffer.hpp"
#include "hourglass/core/error.hpp"
#include "hourglass/data/idx.hpp"
#include "hourglass/io/dataset_writer.hpp"

namespace hourglass {

namespace {

constexpr Index copied_bytes = Index{8} << 20;

void copy(IdxReader& source, DatasetWriter& writer, std::size_t dataset) {
  const Index block = std::clamp<Index>(copied_bytes / std::max<Index>(1, source.row_bytes()), 1, std::max<Index>(1, source.rows()));
  Buffer<std::byte> bytes(block * source.row_bytes());
  for (Index row = 0; row < source.rows(); row += block) {
    const Range rows{row, std::min(source.rows(), row + block)};
    const auto part = bytes.span().first(static_cast<std::size_t>(rows.size() * source.row_bytes()));
    source.read_rows(part);
    writer.write_rows(dataset, rows, part);
  }
}

DatasetSpec spec_of(const IdxReader& source, const std::string& path, int compression) {
  return {path, source.shape(), source.type(), suggested_chunk_rows(source.shape(), source.type()), compression, {}};
}

}  // namespace

ImportResult import_idx(const std::string& source, const std::string& labels, const DatasetAddress& output, int compression) {
  IdxReader samples(source);
  std::unique_ptr<IdxReader> label_reader;
  if (!labels.empty()) {
    label_reader = std::make_unique<IdxReader>(labels);
    if (label_reader->shape().size() != 1 || !is_integer(label_reader->type())) {
      throw Error(ErrorKind::data, labels + ": labels must be a one-dimensional list of integers");
    }
    if (label_reader->rows() != samples.rows()) {
      throw Error(ErrorKind::data, labels + ": holds " + std::to_string(label_reader->rows()) + " labels, but " + source +
                                       " holds " + std::to_string(samples.rows()) + " samples");
    }
  }
  const std::string group = output.path == "/" ? "" : output.path;
  std::vector<DatasetSpec> specs{spec_of(samples, group + "/samples", compression)};
  if (label_reader) specs.push_back(spec_of(*label_reader, group + "/labels", compression));
  DatasetWriter writer(Communicator::self(), output.file, specs);
  copy(samples, writer, 0);
  if (label_reader) copy(*label_reader, writer, 1);
  writer.commit();
  return {samples.shape(), samples.type(), label_reader ? label_reader->rows() : 0};
}

}  // namespace hourglass
