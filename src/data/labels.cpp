#include "data/labels.hpp"

#include <fmt/format.h>

#include <limits>

#include "hdf5/element.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

std::optional<DatasetAddress> labels_beside(const DatasetInfo& samples) {
  const std::string& path = samples.address.path;
  const DatasetAddress beside{samples.address.file, path.substr(0, path.rfind('/')) + "/labels",
                              samples.address.options};
  try {
    const DatasetReader reader(beside);
    const DatasetInfo& info = reader.info();
    if (info.shape.size() == 1 && is_integer(info.type) && info.rows() == samples.rows())
      return beside;
  } catch (const Error&) {
    // None there: the samples have no labels.
  }
  return std::nullopt;
}

std::vector<std::int64_t> read_labels(const DatasetAddress& address, Index samples) {
  const DatasetReader reader(address);
  const DatasetInfo& info = reader.info();
  if (info.shape.size() != 1 || !is_integer(info.type)) {
    throw Error(ErrorKind::data,
                fmt::format("{}: labels are a one-dimensional data set of integers, but this one "
                            "is {} of {} dimensions",
                            to_string(info.address), name_of(info.type), info.shape.size()));
  }
  if (info.rows() != samples) {
    throw Error(ErrorKind::data, fmt::format("{}: {} labels for {} samples",
                                             to_string(info.address), info.rows(), samples));
  }
  std::vector<std::byte> stored(static_cast<std::size_t>(samples * info.row_bytes()));
  reader.read_rows({0, samples}, stored);
  std::vector<std::int64_t> labels(static_cast<std::size_t>(samples));
  with_element(info.type, [&]<class T>(std::type_identity<T>) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const T value = load_element<T>(stored.data(), i);
      if constexpr (std::is_same_v<T, std::uint64_t>) {
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
          throw Error(ErrorKind::data, fmt::format("{}: label {} in row {} is too large",
                                                   to_string(info.address), value, i));
        }
      }
      // NOLINTNEXTLINE(bugprone-signed-char-misuse): a number of one byte, no character
      labels[i] = static_cast<std::int64_t>(value);
    }
  });
  return labels;
}

}  // namespace hourglass
