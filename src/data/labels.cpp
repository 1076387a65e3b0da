#include "data/labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <type_traits>

#include "core/element.hpp"
#include "data/text_values.hpp"
#include "hdf5/address_list.hpp"
#include "hdf5/row_split.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

[[noreturn]] void refuse(const DatasetAddress& address, const std::string& what) {
  throw Error(ErrorKind::data, to_string(address) + ": " + what);
}

template <class T>
std::int64_t whole_number(T value, const DatasetAddress& address, Index row) {
  if constexpr (std::is_floating_point_v<T>) {
    constexpr T limit = T{0x1p62};
    if (!(value >= -limit && value <= limit) || std::nearbyint(value) != value)
      refuse(address, fmt::format("label {} in row {} is not a whole number", value, row));
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      refuse(address, fmt::format("label {} in row {} is too large", value, row));
  }
  // NOLINTNEXTLINE(bugprone-signed-char-misuse): a number of one byte, no character
  return static_cast<std::int64_t>(value);
}

// The place of the only 1 among zeros.
template <class T>
std::int64_t place_of_one(const std::byte* stored, Index classes, const DatasetAddress& address,
                          Index row) {
  std::int64_t place = -1;
  bool valid = true;
  for (Index c = 0; c < classes; ++c) {
    const T value = load_element<T>(stored, static_cast<std::size_t>(c));
    if (value == T{0}) continue;
    valid = valid && value == T{1} && place < 0;
    place = c;
  }
  if (!valid || place < 0) {
    refuse(address, fmt::format("{} numbers per sample are labels only as one 1 and zeros, but row "
                                "{} is different; name labels of one number per sample",
                                classes, row));
  }
  return place;
}

std::vector<std::int64_t> read_numbers(const DatasetAddress& address) {
  const DatasetReader reader(address);
  const DatasetInfo& info = reader.info();
  if (info.shape.size() > 2) {
    refuse(address, fmt::format("labels have one or two dimensions, but this data set has {}",
                                info.shape.size()));
  }
  const Index classes = info.features();
  std::vector<std::int64_t> labels;
  labels.reserve(static_cast<std::size_t>(info.rows()));
  const Index step = std::max<Index>(1, (Index{8} << 20) / info.row_bytes());
  std::vector<std::byte> stored(
      static_cast<std::size_t>(std::min(step, info.rows()) * info.row_bytes()));
  for (Index begin = 0; begin < info.rows(); begin += step) {
    const Range rows{begin, std::min(info.rows(), begin + step)};
    reader.read_rows(
        rows, std::span(stored).first(static_cast<std::size_t>(rows.size() * info.row_bytes())));
    with_element(info.type, [&]<class T>(std::type_identity<T>) {
      for (Index row = rows.begin; row < rows.end; ++row) {
        const std::byte* const place = stored.data() + (row - rows.begin) * info.row_bytes();
        labels.push_back(classes == 1 ? whole_number(load_element<T>(place, 0), address, row)
                                      : place_of_one<T>(place, classes, address, row));
      }
    });
  }
  return labels;
}

Labels read_texts(const DatasetAddress& address) {
  const std::vector<std::string> texts = read_text_values(address);
  const std::set<std::string> distinct(texts.begin(), texts.end());
  std::map<std::string, std::int64_t> numbers;
  Labels labels{to_string(address), {}, {distinct.begin(), distinct.end()}};
  for (std::size_t i = 0; i < labels.names.size(); ++i)
    numbers[labels.names[i]] = static_cast<std::int64_t>(i);
  for (const std::string& text : texts) labels.values.push_back(numbers.at(text));
  return labels;
}

DatasetAddress below(const DatasetAddress& address, const std::string& name) {
  DatasetAddress result = address;
  result.path += "/" + name;
  return result;
}

Labels read_categories(const DatasetAddress& address) {
  Labels labels{to_string(address), read_numbers(below(address, "codes"))};
  const DatasetAddress categories = below(address, "categories");
  if (stored_kind(categories) == StoredKind::texts) {
    labels.names = read_text_values(categories);
  } else {
    for (const std::int64_t number : read_numbers(categories))
      labels.names.push_back(std::to_string(number));
  }
  return labels;
}

Labels read_one(DatasetAddress address) {
  address.options = address.options.without_columns();
  Labels labels;
  switch (stored_kind(address)) {
    case StoredKind::texts:
      labels = read_texts(address);
      break;
    case StoredKind::categories:
      labels = read_categories(address);
      break;
    default:
      labels = {to_string(address), read_numbers(address)};
      labels.names = class_names(address);
  }
  const auto count = static_cast<std::int64_t>(labels.names.size());
  for (std::size_t i = 0; count > 0 && i < labels.values.size(); ++i) {
    if (labels.values[i] < count) continue;
    refuse(address,
           fmt::format("label {} in row {} has no name: there are {}", labels.values[i], i, count));
  }
  return labels;
}

// The labels of the rows that were chosen.
std::vector<std::int64_t> values_of_rows(const std::vector<std::int64_t>& all,
                                         const RowViews& views, const DatasetAddress& address) {
  const RowRuns chosen =
      chosen_rows({to_string(address), static_cast<Index>(all.size())}, views, address);
  std::vector<std::int64_t> values;
  values.reserve(static_cast<std::size_t>(chosen.size()));
  for (const RowRuns::Piece& piece : chosen.pieces({0, chosen.size()})) {
    for (Index i = 0; i < piece.count; ++i)
      values.push_back(all[static_cast<std::size_t>(piece.first + i * piece.step)]);
  }
  return values;
}

// Names under which labels are found beside samples called `name`, in order.
std::vector<std::string> label_names(const std::string& name) {
  std::vector<std::string> names = {"labels",  "label", "y",      "target",
                                    "targets", "class", "classes"};
  for (const char x : {'x', 'X'}) {
    if (name.size() < 3) continue;
    if (name.front() == x && name[1] == '_') names.push_back("y" + name.substr(1));
    if (name.back() == x && name[name.size() - 2] == '_')
      names.push_back(name.substr(0, name.size() - 1) + "y");
  }
  std::erase(names, name);
  return names;
}

}  // namespace

std::vector<std::string> class_names(const DatasetAddress& address) {
  std::vector<std::string> names = read_text_attribute(address, class_names_attribute);
  return names.empty() ? read_text_attribute(address, "classes") : names;
}

std::string Labels::name_of(std::int64_t value) const {
  const bool named = value >= 0 && value < static_cast<std::int64_t>(names.size());
  return named ? names[static_cast<std::size_t>(value)] : std::to_string(value);
}

std::optional<std::int64_t> Labels::find(const std::string& name) const {
  const auto place = std::ranges::find(names, name);
  if (place != names.end()) return place - names.begin();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

Labels read_labels(const DatasetAddress& given, Index samples) {
  // Rows are chosen out of those of all parts.
  const RowViews views = given.options.without_columns().views;
  DatasetAddress address = given;
  address.options.views = {};
  std::vector<Labels> parts;
  if (names_several(address)) {
    for (const DatasetAddress& part : expand_addresses(address)) parts.push_back(read_one(part));
  } else {
    parts.push_back(read_one(address));
  }
  std::vector<Labels*> sets;
  for (Labels& part : parts) sets.push_back(&part);
  number_alike(sets);
  Labels all{to_string(address), {}, parts.front().names};
  for (const Labels& part : parts)
    all.values.insert(all.values.end(), part.values.begin(), part.values.end());
  if (chooses_rows(views)) all.values = values_of_rows(all.values, views, address);
  if (static_cast<Index>(all.values.size()) != samples)
    refuse(address, fmt::format("{} labels for {} samples", all.values.size(), samples));
  return all;
}

LabelsBeside labels_beside(const DatasetInfo& samples) {
  LabelsBeside result;
  std::vector<DatasetAddress> parts = {samples.address};
  // Of data sets side by side, those of the first.
  if (names_side_by_side(samples.address)) parts = {split_sides(samples.address).front()};
  if (names_several(samples.address)) parts = expand_addresses(samples.address);
  const std::size_t slash = parts.front().path.rfind('/');
  if (slash == std::string::npos) return result;
  for (const std::string& name : label_names(parts.front().path.substr(slash + 1))) {
    DatasetAddress beside = parts.front();
    beside.options = samples.address.options.without_columns();
    std::string list;
    bool exists = true;
    for (const DatasetAddress& part : parts) {
      DatasetAddress place = part;
      place.path = part.path.substr(0, part.path.rfind('/') + 1) + name;
      exists = exists && stored_kind(place) != StoredKind::nothing;
      list += (list.empty() ? "" : ",") + to_string(place);
    }
    if (!exists) continue;
    if (parts.size() > 1) {
      beside = parse_address(list);
      beside.options = samples.address.options.without_columns();
    } else {
      beside.path = parts.front().path.substr(0, slash + 1) + name;
    }
    try {
      static_cast<void>(read_labels(beside, samples.rows()));
      result.address = beside;
      return result;
    } catch (const Error& error) {
      if (result.reason.empty()) result.reason = error.what();
    }
  }
  return result;
}

void number_alike(std::span<Labels* const> sets) {
  if (sets.empty()) return;
  const bool named = !sets.front()->names.empty();
  for (const Labels* set : sets) {
    if (set->names.empty() == !named) continue;
    const Labels& with = named ? *sets.front() : *set;
    const Labels& without = named ? *set : *sets.front();
    throw Error(ErrorKind::data,
                fmt::format("{} names its classes ({}, ...), but {} only numbers them: give labels "
                            "of one kind",
                            with.source, with.names.front(), without.source));
  }
  if (!named) return;
  std::vector<std::string> names = sets.front()->names;
  std::map<std::string, std::int64_t> numbers;
  for (std::size_t i = 0; i < names.size(); ++i)
    numbers.emplace(names[i], static_cast<std::int64_t>(i));
  for (Labels* set : sets) {
    std::vector<std::int64_t> renumbered;
    for (const std::string& name : set->names) {
      const auto [place, is_new] = numbers.emplace(name, static_cast<std::int64_t>(names.size()));
      if (is_new) names.push_back(name);
      renumbered.push_back(place->second);
    }
    for (std::int64_t& value : set->values) {
      if (value >= 0) value = renumbered[static_cast<std::size_t>(value)];
    }
  }
  for (Labels* set : sets) set->names = names;
}

}  // namespace hourglass
