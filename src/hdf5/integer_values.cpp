#include "hdf5/integer_values.hpp"

#include <algorithm>

#include "core/buffer.hpp"
#include "core/element.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

std::vector<std::int64_t> read_integers(const DatasetReader& reader) {
  const DatasetInfo& info = reader.info();
  require(is_integer(info.type), "integers are read from another type");
  std::vector<std::int64_t> values;
  values.reserve(static_cast<std::size_t>(info.rows() * info.features()));
  const Index most = std::max<Index>(1, (Index{8} << 20) / info.row_bytes());
  Buffer<std::byte> stored(std::min(most, std::max<Index>(1, info.rows())) * info.row_bytes());
  for (Index begin = 0; begin < info.rows(); begin += most) {
    const Range rows{begin, std::min(info.rows(), begin + most)};
    reader.read_rows(rows,
                     stored.span().first(static_cast<std::size_t>(rows.size() * info.row_bytes())));
    with_element(info.type, [&]<class T>(std::type_identity<T>) {
      const auto count = static_cast<std::size_t>(rows.size() * info.features());
      for (std::size_t i = 0; i < count; ++i) {
        // NOLINTNEXTLINE(bugprone-signed-char-misuse): a number of one byte, no character
        values.push_back(static_cast<std::int64_t>(load_element<T>(stored.data(), i)));
      }
    });
  }
  return values;
}

}  // namespace hourglass
