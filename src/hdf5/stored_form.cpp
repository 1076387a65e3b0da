#include "hdf5/stored_form.hpp"

#include <algorithm>
#include <vector>

namespace hourglass::hdf5 {

hid_t StoredForm::memory_type() const {
  if (narrow.get() >= 0) return narrow.get();
  return is_compound() ? columns.memory.get() : native_type(in_file);
}

void StoredForm::apply_to(DatasetInfo& info) const {
  info.type = decoding.result;
  info.units = units;
  info.decoding =
      column_major ? "MATLAB: stored column-major, read transposed" : describe(decoding);
  info.missing = describe_missing(decoding);
  // The library itself delivers float16 as float32 to whoever asks for that.
  const bool plain = !changes() || decoding.narrow == NarrowFloat::float16;
  info.as_stored = plain && !is_compound();
  if (column_major) {
    std::ranges::reverse(info.shape);
    std::ranges::reverse(info.chunk);
  }
  const auto count = static_cast<Index>(columns.names.size());
  if (is_compound() && count > 1) {
    info.shape.push_back(count);
    if (info.chunked) info.chunk.push_back(count);
  }
}

void StoredForm::make_rows(const DatasetInfo& info, Index rows, std::span<const std::byte> stored,
                           std::span<std::byte> values) const {
  if (!column_major) return decode(decoding, stored, values);
  std::vector<Index> shape(info.shape.rbegin(), info.shape.rend());
  shape.back() = rows;
  reverse_axes(shape, size_of(decoding.stored), stored, values);
}

}  // namespace hourglass::hdf5
