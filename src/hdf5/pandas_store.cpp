#include "hdf5/pandas_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "hdf5/foreign_attributes.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::hdf5 {

namespace {

constexpr std::size_t most_datasets = 10000;

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

void append_utf8(std::string& text, unsigned code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | (code >> 6));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0 | (code >> 12));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | (code >> 18));
    text += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// Python's raw-unicode-escape: Latin-1, with \uXXXX and \UXXXXXXXX for all other characters.
std::string unescaped(std::string_view raw) {
  std::string text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const bool escape = raw[i] == '\\' && i + 1 < raw.size();
    const std::size_t digits = !escape ? 0 : raw[i + 1] == 'u' ? 4 : raw[i + 1] == 'U' ? 8 : 0;
    unsigned code = static_cast<unsigned char>(raw[i]);
    if (digits > 0 && i + 2 + digits <= raw.size()) {
      const char* const begin = raw.data() + i + 2;
      if (std::from_chars(begin, begin + digits, code, 16).ptr == begin + digits) i += 1 + digits;
    }
    append_utf8(text, code);
  }
  return text;
}

[[noreturn]] void refuse_frame(const std::string& file_name, const std::string& path,
                               const std::string& why) {
  throw Error(
      ErrorKind::data,
      fmt::format("{0}:{1}: is a pandas data frame {2}; hourglass import makes typed columns "
                  "of it, or write its columns of numbers as one block: python3 -c \"import "
                  "pandas; pandas.read_hdf('{0}', '{1}')"
                  ".select_dtypes(['number', 'bool']).astype('float64')"
                  ".to_hdf('numbers.h5', 'x', mode='w')\" and name numbers.h5:/x",
                  file_name, path, why));
}

bool is_numeric(hid_t file, const std::string& path) {
  const OpenedObject object = open_object(file, path);
  if (object.kind != H5I_DATASET) return false;
  const Handle type(H5Dget_type(object.handle.get()), H5Tclose);
  ElementType element{};
  return element_type_of(type.get(), element);
}

}  // namespace

bool is_pytables(hid_t file) { return has_foreign_attribute(file, "PYTABLES_FORMAT_VERSION"); }

bool is_frame(hid_t group) {
  const std::string type = text_attribute(group, "pandas_type");
  return type.starts_with("frame") || type.starts_with("series") || type.starts_with("appendable_");
}

std::vector<std::string> frames(hid_t file) {
  std::vector<std::string> found;
  for (const std::string& path : list_datasets(file, most_datasets)) {
    const std::string group_path = parent_of(path);
    if (group_path.empty() || std::ranges::find(found, group_path) != found.end()) continue;
    // The categories of a frame's columns are frames below it.
    if (group_path.ends_with("/meta") && group_path.find("/meta/") != std::string::npos) continue;
    const OpenedObject group = open_object(file, group_path);
    if (group.kind == H5I_GROUP && is_frame(group.handle.get())) found.push_back(group_path);
  }
  return found;
}

std::vector<std::string> frame_items(hid_t file, const std::string& path) {
  const OpenedObject object = open_object(file, path);
  if (object.kind != H5I_DATASET) return {};
  auto names = texts_of(object.handle.get());
  const Handle space(H5Dget_space(object.handle.get()), H5Sclose);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  constexpr hssize_t most = hssize_t{1} << 24;
  if (!names.empty() || !is_numeric(file, path) || count < 1 || count > most) return names;
  std::vector<double> values(static_cast<std::size_t>(count));
  if (H5Dread(object.handle.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
              values.data()) < 0) {
    H5Eclear2(H5E_DEFAULT);
    return {};
  }
  for (const double value : values) names.push_back(fmt::format("{}", value));
  return names;
}

std::string values_of_frame(hid_t file, const std::string& file_name, const std::string& path) {
  const OpenedObject group = open_object(file, path);
  if (has_links(group.handle.get(), {"table"})) return path + "/table";
  if (has_links(group.handle.get(), {"values"})) return path + "/values";
  if (has_links(group.handle.get(), {"block1_values"}))
    refuse_frame(file_name, path, "whose columns have several types and lie in several data sets");
  if (!is_numeric(file, path + "/block0_values"))
    refuse_frame(file_name, path, "of Python objects, text or booleans");
  return path + "/block0_values";
}

std::vector<std::string> index_fields(hid_t file, const std::string& path) {
  const OpenedObject group = open_object(file, parent_of(path).empty() ? "/" : parent_of(path));
  if (group.kind != H5I_GROUP || !is_frame(group.handle.get())) return {};
  return {"index"};
}

std::vector<std::string> column_names(hid_t file, const std::string& path,
                                      const std::vector<std::string>& fields, Index count) {
  const std::string parent = parent_of(path);
  const OpenedObject group = open_object(file, parent.empty() ? "/" : parent);
  if (group.kind != H5I_GROUP || !is_frame(group.handle.get())) return {};
  std::vector<std::string> names;
  constexpr std::string_view values = "_values";
  if (path.ends_with(values)) {
    names = frame_items(file, path.substr(0, path.size() - values.size()) + "_items");
  } else if (path.ends_with("/table")) {
    const OpenedObject table = open_object(file, path);
    for (const std::string& field : fields) {
      const std::string block = field.substr(0, field.find('['));
      // A block has an array field, and its columns' names in one attribute.
      if (field == block || field.ends_with("[0]")) {
        const auto items =
            pickled_list(text_attribute(table.handle.get(), (block + "_kind").c_str()));
        names.insert(names.end(), items.begin(), items.end());
      }
    }
  }
  if (static_cast<Index>(names.size()) != count) names.clear();
  return names;
}

std::vector<std::string> pickled_list(std::string_view pickle) {
  std::vector<std::string> items;
  while (!pickle.empty()) {
    std::string_view line = pickle.substr(0, pickle.find('\n'));
    pickle.remove_prefix(std::min(pickle.size(), line.size() + 1));
    // Each item is followed by "a" (append), which so begins the next line.
    if (line.starts_with('a')) line.remove_prefix(1);
    if (line.starts_with('V')) items.push_back(unescaped(line.substr(1)));
    if (line.starts_with('I')) items.emplace_back(line.substr(1));
  }
  return items;
}

}  // namespace hourglass::hdf5
