#include "hdf5/side_by_side.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/buffer.hpp"
#include "core/counted.hpp"
#include "core/element.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr Index bytes_a_read = Index{8} << 20;

bool is_signed(ElementType type) { return is_integer(type) && name_of(type).starts_with('i'); }

ElementType signed_of(Index bytes) {
  if (bytes == 1) return ElementType::i8;
  if (bytes == 2) return ElementType::i16;
  return bytes == 4 ? ElementType::i32 : ElementType::i64;
}

/// Stores `count` numbers of one type as another.
void convert(ElementType from, const std::byte* source, ElementType to, std::byte* target,
             std::size_t count) {
  if (from == to) {
    std::memcpy(target, source, count * static_cast<std::size_t>(size_of(from)));
    return;
  }
  with_element(from, [&]<class From>(std::type_identity<From>) {
    with_element(to, [&]<class To>(std::type_identity<To>) {
      for (std::size_t i = 0; i < count; ++i) {
        const To value = static_cast<To>(load_element<From>(source, i));
        std::memcpy(target + i * sizeof(To), &value, sizeof(To));
      }
    });
  });
}

}  // namespace

ElementType common_type(ElementType a, ElementType b) {
  if (a == b) return a;
  if (!is_integer(a) || !is_integer(b)) {
    const auto fits_single = [](ElementType type) {
      return type == ElementType::f32 || (is_integer(type) && size_of(type) <= 2);
    };
    return fits_single(a) && fits_single(b) ? ElementType::f32 : ElementType::f64;
  }
  if (is_signed(a) == is_signed(b)) return size_of(a) > size_of(b) ? a : b;
  // A signed type holds an unsigned one of half its size.
  const Index bytes = std::max(size_of(is_signed(a) ? a : b), 2 * size_of(is_signed(a) ? b : a));
  return bytes > 8 ? ElementType::f64 : signed_of(bytes);
}

SideBySide::SideBySide(std::vector<std::unique_ptr<RowSource>> sides, const DatasetAddress& address)
    : sides_(std::move(sides)), info_(sides_.front()->info()) {
  const DatasetInfo& first = sides_.front()->info();
  Index features = 0;
  bool named = true;
  for (const auto& side : sides_) {
    const DatasetInfo& info = side->info();
    if (info.rows() != first.rows()) {
      throw Error(ErrorKind::data,
                  to_string(info.address) + ": has " + counted(info.rows(), "row") + ", but " +
                      to_string(first.address) + " beside it has " + std::to_string(first.rows()));
    }
    features += info.features();
    info_.type = common_type(info_.type, info.type);
    if (info.units != first.units) info_.units.clear();
    named = named && !info.feature_names.empty();
  }
  info_.shape = {first.rows(), features};
  info_.axes.clear();
  info_.entries = {};
  info_.leading_channels = 0;
  info_.unpacking_bytes = 0;
  for (const auto& side : sides_) {
    info_.rows_per_unpacking = std::max(info_.rows_per_unpacking, side->info().rows_per_unpacking);
    info_.unpacking_bytes += side->info().unpacking_bytes;
  }
  info_.chunked = false;
  info_.chunk.clear();
  info_.feature_names.clear();
  for (const auto& side : sides_) {
    const auto& names = side->info().feature_names;
    if (named) info_.feature_names.insert(info_.feature_names.end(), names.begin(), names.end());
  }
  info_.address = address;
}

ElementPlace SideBySide::place(Index row, Index feature) const {
  for (const auto& side : sides_) {
    if (feature < side->info().features()) return side->place(row, feature);
    feature -= side->info().features();
  }
  return {where(row), feature};
}

std::vector<Index> SideBySide::series() const {
  std::vector<Index> starts;
  for (const auto& side : sides_) {
    const std::vector<Index> own = side->series();
    starts.insert(starts.end(), own.begin(), own.end());
  }
  std::ranges::sort(starts);
  const auto repeated = std::ranges::unique(starts);
  starts.erase(repeated.begin(), repeated.end());
  return starts;
}

void SideBySide::read_rows(Range rows, std::span<std::byte> bytes) const {
  const auto size = static_cast<std::size_t>(size_of(info_.type));
  const Index row_bytes = info_.row_bytes();
  std::size_t offset = 0;
  for (const auto& side : sides_) {
    const DatasetInfo& info = side->info();
    const auto features = static_cast<std::size_t>(info.features());
    const Index most = std::max<Index>(1, bytes_a_read / info.row_bytes());
    Buffer<std::byte> stored(std::min(most, rows.size()) * info.row_bytes());
    for (Index begin = rows.begin; begin < rows.end; begin += most) {
      const Range part{begin, std::min(rows.end, begin + most)};
      side->read_rows(
          part, stored.span().first(static_cast<std::size_t>(part.size() * info.row_bytes())));
      for (Index row = part.begin; row < part.end; ++row) {
        convert(info.type, stored.data() + (row - part.begin) * info.row_bytes(), info_.type,
                bytes.data() + (row - rows.begin) * row_bytes + offset, features);
      }
    }
    offset += features * size;
  }
}

}  // namespace hourglass
