#include "data/columns.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/date_time.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<ColumnKind, std::string_view>, 4> kind_names = {{
    {ColumnKind::number, "number"},
    {ColumnKind::category, "category"},
    {ColumnKind::boolean, "boolean"},
    {ColumnKind::date, "date"},
}};

ColumnKind kind_from(const std::string& name) {
  const auto* entry =
      std::ranges::find(kind_names, name, &std::pair<ColumnKind, std::string_view>::second);
  if (entry == kind_names.end())
    throw Error(ErrorKind::data, "'" + name + "' is not a kind of column");
  return entry->first;
}

Column column_from(const Json& json) {
  Column column;
  column.name = json.at("name").get<std::string>();
  column.kind = kind_from(json.at("kind").get<std::string>());
  const auto first = json.at("first").get<Index>();
  const auto count = json.at("count").get<Index>();
  column.vocabulary = json.value("vocabulary", std::vector<std::string>());
  column.format = json.value("format", std::string());
  const std::size_t texts = column.vocabulary.size();
  const bool category = column.kind == ColumnKind::category;
  const std::size_t wanted = category ? static_cast<std::size_t>(std::max<Index>(count, 0))
                                      : (column.kind == ColumnKind::boolean ? 2 : 0);
  if (first < 0 || count < 1 || (!category && count != 1) || texts != wanted)
    throw Error(ErrorKind::data, "column '" + column.name + "' does not fit its features");
  if (column.kind == ColumnKind::date) static_cast<void>(date_format_from(column.format));
  column.features = {first, first + count};
  return column;
}

}  // namespace

std::string_view name_of(ColumnKind kind) {
  const auto* entry =
      std::ranges::find(kind_names, kind, &std::pair<ColumnKind, std::string_view>::first);
  require(entry != kind_names.end(), "a kind of column without a name");
  return entry->second;
}

Index number_features(std::span<Column> columns) {
  Index next = 0;
  for (Column& column : columns) {
    const Index count = column.kind == ColumnKind::category
                            ? static_cast<Index>(column.vocabulary.size())
                            : Index{1};
    column.features = {next, next + count};
    next += count;
  }
  return next;
}

std::vector<std::string> feature_names(std::span<const Column> columns) {
  std::vector<std::string> result;
  for (const Column& column : columns) {
    if (column.kind != ColumnKind::category) {
      result.push_back(column.name);
      continue;
    }
    for (const std::string& text : column.vocabulary) result.push_back(column.name + "=" + text);
  }
  return result;
}

std::vector<Column> number_columns(std::span<const std::string> names) {
  std::vector<Column> columns;
  for (const std::string& name : names) columns.push_back({name, ColumnKind::number, {}, {}, {}});
  number_features(columns);
  return columns;
}

bool has_kinds(std::span<const Column> columns) {
  return std::ranges::any_of(
      columns, [](const Column& column) { return column.kind != ColumnKind::number; });
}

std::string describe_columns(std::span<const Column> columns) {
  std::string text;
  for (const auto& [kind, name] : kind_names) {
    const auto count =
        std::ranges::count_if(columns, [&](const Column& column) { return column.kind == kind; });
    if (count == 0) continue;
    const std::string many = kind == ColumnKind::category ? "categories" : std::string(name) + "s";
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " +
            (count == 1 ? std::string(name) : many);
  }
  return text;
}

std::string columns_text(std::span<const Column> columns) {
  Json json = Json::array();
  for (const Column& column : columns) {
    Json entry;
    entry["name"] = column.name;
    entry["kind"] = name_of(column.kind);
    entry["first"] = column.features.begin;
    entry["count"] = column.features.size();
    if (!column.vocabulary.empty()) entry["vocabulary"] = column.vocabulary;
    if (!column.format.empty()) entry["format"] = column.format;
    json.push_back(std::move(entry));
  }
  return json.dump();
}

std::vector<Column> columns_from(const std::string& text, const std::string& where) {
  try {
    std::vector<Column> columns;
    const Json list = Json::parse(text);
    if (!list.is_array()) throw Error(ErrorKind::data, "they are not a list");
    for (const Json& entry : list) columns.push_back(column_from(entry));
    Index next = 0;
    for (const Column& column : columns) {
      if (column.features.begin != next)
        throw Error(ErrorKind::data, "column '" + column.name + "' does not follow the one before");
      next = column.features.end;
    }
    return columns;
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::data, where + ": its columns cannot be read: " + error.what());
  } catch (const Error& error) {
    throw Error(ErrorKind::data, where + ": its columns cannot be read: " + error.what());
  }
}

}  // namespace hourglass
