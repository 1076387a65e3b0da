#include "hdf5/array_dataset.hpp"

#include <algorithm>

#include "core/buffer.hpp"
#include "formats/npy.hpp"
#include "formats/safetensors.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Two-byte numbers on their way to four: a part that stays in the second cache.
constexpr Index bytes_at_once = Index{256} << 10;

bool is_npy(const DatasetAddress& address) { return address.file.ends_with(".npy"); }

ArrayFormat format_of(const ByteFile& file, const DatasetAddress& address) {
  if (!is_npy(address)) {
    const std::string name = address.path.empty() ? "" : address.path.substr(1);
    return tensor_format(read_safetensors(file), address.file, name);
  }
  if (!address.path.empty()) {
    throw Error(ErrorKind::data, address.file + ": is one NumPy array, without data sets: leave " +
                                     ":" + address.path + " out");
  }
  ArrayFormat format = parse_npy_header(file.read_some(0, largest_npy_header + 12), address.file);
  check_size(format, file.size(), address.file);
  return format;
}

}  // namespace

ArrayDataset::ArrayDataset(const DatasetAddress& address)
    : file_(address.file), format_(format_of(file_, address)) {
  info_.address = address;
  info_.shape = format_.shape;
  info_.type = format_.type;
  info_.decoding = std::string(name_of(format_.narrow));
  // Virtual data sets refer to HDF5 files alone.
  info_.as_stored = false;
}

std::string ArrayDataset::where(Index row) const {
  return to_string(info_.address) + ": row " + std::to_string(row);
}

void ArrayDataset::read_rows(Range rows, std::span<std::byte> bytes) const {
  const Index row_bytes = format_.stored_row_bytes();
  Index position = format_.data_offset + rows.begin * row_bytes;
  if (format_.narrow == NarrowFloat::none) {
    file_.read(position, bytes);
    return to_native(format_, bytes, bytes);
  }
  Index left = rows.size() * row_bytes;
  Buffer<std::byte> stored(std::min(left, bytes_at_once));
  while (left > 0) {
    const auto count = static_cast<std::size_t>(std::min(left, bytes_at_once));
    file_.read(position, stored.span().first(count));
    to_native(format_, stored.span().first(count), bytes.first(2 * count));
    bytes = bytes.subspan(2 * count);
    position += static_cast<Index>(count);
    left -= static_cast<Index>(count);
  }
}

std::vector<DatasetAddress> array_datasets(const std::string& file) {
  if (is_npy({file, ""})) return {{file, ""}};
  std::vector<DatasetAddress> all;
  for (const SafetensorsEntry& tensor : read_safetensors(ByteFile(file)).tensors)
    all.push_back({file, "/" + tensor.name});
  return all;
}

bool names_array_file(const DatasetAddress& address) {
  return is_npy(address) || address.file.ends_with(".safetensors");
}

}  // namespace hourglass
