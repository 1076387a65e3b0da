#include "data/data_identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <span>

#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr const char* version_field = "data_version";
constexpr int version = 1;
constexpr std::size_t shown_names = 12;
constexpr std::array types = {
    ElementType::u8,  ElementType::i8,  ElementType::u16, ElementType::i16, ElementType::u32,
    ElementType::i32, ElementType::u64, ElementType::i64, ElementType::f32, ElementType::f64};

// Names and units as they can be stored: one line.
std::string trimmed_line(std::string text) {
  for (char& letter : text) {
    if (static_cast<unsigned char>(letter) < ' ') letter = ' ';
  }
  return std::string(trimmed(text));
}

template <class Number>
Number number_from(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw Error(ErrorKind::data, "not a number");
  return value;
}

ElementType type_from(std::string_view name) {
  for (const ElementType type : types) {
    if (name_of(type) == name) return type;
  }
  throw Error(ErrorKind::data, "not a type");
}

std::string range_text(const DataIdentity& identity) {
  const ValueRange& range = identity.range;
  return range.known() ? fmt::format("{} {}", range.lowest, range.highest) : "";
}

void parse_range(const std::string& text, DataIdentity& identity) {
  const std::vector<std::string> words = split_words(text);
  if (words.size() != 2) throw Error(ErrorKind::data, "not two numbers");
  identity.range.lowest = number_from<double>(words[0]);
  identity.range.highest = number_from<double>(words[1]);
}

void parse_shape(const std::string& text, DataIdentity& identity) {
  for (const std::string& item : split_list(text, 'x')) {
    const auto extent = number_from<Index>(item);
    if (extent < 1) throw Error(ErrorKind::data, "not an extent");
    identity.sample_shape.push_back(extent);
  }
}

/// One attribute of /model. An empty text is not written.
struct Field {
  const char* name;
  std::function<std::string(const DataIdentity&)> text;
  std::function<void(const std::string&, DataIdentity&)> parse;
};

const std::vector<Field>& fields() {
  static const std::vector<Field> all = {
      {"data_type", [](const DataIdentity& d) { return std::string(name_of(d.type)); },
       [](const std::string& text, DataIdentity& d) { d.type = type_from(text); }},
      {"data_shape",
       [](const DataIdentity& d) { return fmt::format("{}", fmt::join(d.sample_shape, "x")); },
       parse_shape},
      {"data_normalize", [](const DataIdentity& d) { return std::string(name_of(d.normalize)); },
       [](const std::string& text, DataIdentity& d) { d.normalize = normalize_from(text); }},
      {"data_range", range_text, parse_range},
      {"data_range_rows",
       [](const DataIdentity& d) {
         return d.range.known() ? std::to_string(d.range.rows) : std::string();
       },
       [](const std::string& text, DataIdentity& d) { d.range.rows = number_from<Index>(text); }},
      {"data_whole_numbers",
       [](const DataIdentity& d) {
         return d.range.known() ? std::string(d.range.whole ? "true" : "false") : std::string();
       },
       [](const std::string& text, DataIdentity& d) { d.range.whole = text == "true"; }},
      {"data_units", [](const DataIdentity& d) { return d.units; },
       [](const std::string& text, DataIdentity& d) { d.units = text; }},
      {"feature_names", [](const DataIdentity& d) { return names_text(d.feature_names); },
       [](const std::string& text, DataIdentity& d) { d.feature_names = split_list(text, '\n'); }},
  };
  return all;
}

}  // namespace

Index DataIdentity::features() const {
  Index product = 1;
  for (const Index extent : sample_shape) product *= extent;
  return product;
}

DataIdentity identity_of(const DatasetInfo& info, Normalize normalize) {
  DataIdentity identity;
  identity.type = info.type;
  if (!info.shape.empty()) identity.sample_shape.assign(info.shape.begin() + 1, info.shape.end());
  identity.normalize = resolve(normalize, info.type);
  identity.units = trimmed_line(info.units);
  for (const std::string& name : info.feature_names)
    identity.feature_names.push_back(trimmed_line(name));
  return identity;
}

std::string describe_shape(const std::vector<Index>& sample_shape) {
  return sample_shape.empty() ? "1" : fmt::format("{}", fmt::join(sample_shape, " x "));
}

std::string describe(const DataIdentity& identity) {
  std::string text =
      fmt::format("{}, {}", name_of(identity.type), describe_shape(identity.sample_shape));
  if (identity.range.known()) {
    text +=
        fmt::format(", values from {:g} to {:g}", identity.range.lowest, identity.range.highest);
  }
  return identity.units.empty() ? text : text + ", units " + identity.units;
}

void store_identity(const DataIdentity& identity, std::map<std::string, std::string>& texts) {
  texts[version_field] = std::to_string(version);
  for (const Field& field : fields()) {
    std::string text = field.text(identity);
    if (!text.empty()) texts[field.name] = std::move(text);
  }
}

std::optional<DataIdentity> load_identity(const std::map<std::string, std::string>& texts,
                                          const std::string& file) {
  if (!texts.contains(version_field)) return std::nullopt;
  DataIdentity identity;
  for (const Field& field : fields()) {
    const auto found = texts.find(field.name);
    if (found == texts.end()) continue;
    try {
      field.parse(found->second, identity);
    } catch (const Error&) {
      throw Error(ErrorKind::data, fmt::format("{}: corrupted: {} is '{}'; use another copy", file,
                                               field.name, found->second.substr(0, 40)));
    }
  }
  return identity;
}

std::vector<std::string> lines_of(const DataIdentity& identity) {
  std::vector<std::string> lines = {"trained on " + describe(identity)};
  const std::vector<std::string>& names = identity.feature_names;
  if (names.empty()) return lines;
  const auto shown = std::span(names).first(std::min(names.size(), shown_names));
  lines.push_back(fmt::format(
      "features {}{}", fmt::join(shown, ", "),
      names.size() > shown_names ? fmt::format(", ... ({} features)", names.size()) : ""));
  return lines;
}

bool is_identity_field(const std::string& name) {
  return name == version_field ||
         std::ranges::any_of(fields(), [&](const Field& field) { return name == field.name; });
}

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "\n") + trimmed_line(name);
  return text;
}

}  // namespace hourglass
