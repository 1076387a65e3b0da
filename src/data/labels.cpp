#include "data/labels.hpp"

#include <fmt/format.h>

#include <limits>

#include "data/row_companions.hpp"
#include "hdf5/address_list.hpp"
#include "hdf5/element.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

std::optional<DatasetAddress> labels_beside(const DatasetInfo& samples) {
  // Of data sets side by side, those of the first.
  const DatasetAddress place =
      names_side_by_side(samples.address) ? split_sides(samples.address).front() : samples.address;
  const std::string& path = place.path;
  const std::string beside = place.file + ":" + path.substr(0, path.rfind('/')) + "/labels";
  try {
    const DatasetAddress address = labels_at(beside, samples);
    const DatasetReader reader(address);
    const DatasetInfo& info = reader.info();
    if (info.shape.size() == 1 && is_integer(info.type) && info.rows() == samples.rows())
      return address;
  } catch (const Error&) {
    // None there: the samples have no labels.
  }
  return std::nullopt;
}

DatasetAddress labels_at(const std::string& text, const DatasetInfo& samples) {
  const RowViews& views = samples.address.options.views;
  // Windows have labels of their own.
  if (views.window == 0 && (!views.rows.empty() || views.part != DataPart::all))
    return companion_of_rows(text, samples, "label");
  DatasetAddress address = parse_address(text);
  address.options = samples.address.options;
  address.options.views = {};
  return address;
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
