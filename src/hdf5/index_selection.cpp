#include "hdf5/index_selection.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

#include "core/counted.hpp"
#include "core/edit_distance.hpp"
#include "core/text_list.hpp"
#include "hdf5/integer_values.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

std::optional<Index> whole_number(std::string_view text) {
  Index value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

[[noreturn]] void not_there(const std::string& item, const Selectable& from) {
  throw Error(ErrorKind::usage, from.option + " names " + item + ", but " + from.data + " has " +
                                    counted(from.total, from.noun.c_str()) + ", numbered from 0");
}

// One end of a range; numbers below 0 count from the end.
Index end_of_range(const std::string& text, Index missing, const std::string& item,
                   const Selectable& from) {
  if (text.empty()) return missing;
  const Index value = *whole_number(text);
  const Index place = value < 0 ? from.total + value : value;
  if (place < 0 || place > from.total) not_there(item, from);
  return place;
}

// Whether the item is one: begin:end or begin:end:step, where each number may be left out.
bool append_range(const std::string& item, const Selectable& from, RowRuns& chosen) {
  const std::vector<std::string> parts = split_list(item, ':');
  if (parts.size() != 2 && parts.size() != 3) return false;
  const auto is_number = [](const std::string& part) {
    return part.empty() || whole_number(part).has_value();
  };
  if (!std::ranges::all_of(parts, is_number)) return false;
  const Index step = parts.size() == 3 && !parts[2].empty() ? *whole_number(parts[2]) : 1;
  if (step < 1) {
    throw Error(ErrorKind::usage,
                from.option + " has " + item + ", but the step of a range is at least 1");
  }
  const Index begin = end_of_range(parts[0], 0, item, from);
  const Index end = end_of_range(parts[1], from.total, item, from);
  if (begin < end) chosen.append(begin, (end - begin + step - 1) / step, step);
  return true;
}

bool is_mask(const DatasetInfo& info, const std::vector<std::int64_t>& values, Index total) {
  return size_of(info.type) == 1 && static_cast<Index>(values.size()) == total &&
         std::ranges::all_of(values, [](std::int64_t value) { return value == 0 || value == 1; });
}

void append_dataset(const std::string& item, const Selectable& from, const DatasetAddress& options,
                    RowRuns& chosen) {
  DatasetAddress address = parse_address(item);
  address.options = options.options;
  address.options.views = {};
  const DatasetReader reader(address);
  const std::string name = to_string(reader.info().address);
  if (reader.info().features() != 1 || !is_integer(reader.info().type)) {
    throw Error(ErrorKind::data, name + ": " + from.option +
                                     " needs one dimension of booleans or of whole numbers, but " +
                                     "this is " + std::string(name_of(reader.info().type)) +
                                     " with " + counted(reader.info().features(), "column"));
  }
  const std::vector<std::int64_t> values = read_integers(reader);
  if (is_mask(reader.info(), values, from.total)) {
    for (Index i = 0; i < from.total; ++i) {
      if (values[static_cast<std::size_t>(i)] != 0) chosen.append(i, 1);
    }
    return;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0 || values[i] >= from.total) {
      throw Error(ErrorKind::data, name + ": row " + std::to_string(i) + " holds " +
                                       std::to_string(values[i]) + ", but " + from.data + " has " +
                                       counted(from.total, from.noun.c_str()) +
                                       ": an index is 0 to " + std::to_string(from.total - 1) +
                                       ", a mask has one boolean for each");
    }
    chosen.append(values[i], 1);
  }
}

void append_item(const std::string& item, const Selectable& from, const DatasetAddress& options,
                 RowRuns& chosen) {
  // Names come first: a column may be called "7" or "a:b".
  const auto name = std::ranges::find(from.names, item);
  if (name != from.names.end()) return chosen.append(name - from.names.begin(), 1);
  if (item == "all") return chosen.append(0, from.total);
  if (const auto number = whole_number(item)) {
    const Index place = *number < 0 ? from.total + *number : *number;
    if (place < 0 || place >= from.total) not_there(item, from);
    return chosen.append(place, 1);
  }
  if (append_range(item, from, chosen)) return;
  if (item.find(":/") != std::string::npos) return append_dataset(item, from, options, chosen);
  if (!from.names.empty()) {
    throw Error(ErrorKind::usage, from.option + " names '" + item + "', but " + from.data +
                                      " has no such " + from.noun + suggestion(item, from.names));
  }
  throw Error(ErrorKind::usage, from.option + " has '" + item +
                                    "', but numbers, ranges (0:1000, 2000:3000:2) and " +
                                    "data sets (FILE.h5:/mask) are expected, separated by commas");
}

void refuse_repeats(const RowRuns& chosen, const Selectable& from) {
  std::vector<char> seen(static_cast<std::size_t>(from.total));
  for (Index place = 0; place < chosen.size(); ++place) {
    const Index one = chosen.row(place);
    char& before = seen[static_cast<std::size_t>(one)];
    if (before != 0) {
      throw Error(ErrorKind::usage, from.option + " chooses " + from.noun + " " +
                                        std::to_string(one) + " twice: name each once");
    }
    before = 1;
  }
}

}  // namespace

RowRuns select_indices(const std::string& text, const Selectable& from,
                       const DatasetAddress& options) {
  RowRuns chosen;
  for (const std::string& item : split_list(text)) append_item(item, from, options, chosen);
  if (chosen.size() == 0) {
    throw Error(ErrorKind::usage, from.option + " '" + text + "' chooses no " + from.noun + " of " +
                                      from.data + ", which has " +
                                      counted(from.total, from.noun.c_str()));
  }
  if (!from.repeats) refuse_repeats(chosen, from);
  return chosen;
}

}  // namespace hourglass
