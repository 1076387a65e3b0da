#include "cli/csv_options.hpp"

#include <fmt/format.h>

#include "core/text_list.hpp"
#include "data/labels.hpp"
#include "hdf5/dataset_texts.hpp"
#include "hourglass/core/error.hpp"
#include "import/array_rows.hpp"

namespace hourglass {

namespace {

std::vector<std::string> listed(const Arguments& arguments, const char* option) {
  return arguments.has(option) ? split_list(arguments.get(option)) : std::vector<std::string>();
}

char one_character(const Arguments& arguments, const char* option, char otherwise) {
  if (!arguments.has(option)) return otherwise;
  const std::string text = arguments.get(option);
  if (text == "space") return ' ';
  const bool digit = text.size() == 1 && text.front() >= '0' && text.front() <= '9';
  if (text.size() != 1 || digit) {
    throw Error(ErrorKind::usage,
                fmt::format("--{} is '{}', but one character is expected", option, text));
  }
  return text.front();
}

NumberFormat number_separators(const Arguments& arguments) {
  NumberFormat format;
  format.decimal = one_character(arguments, "decimal", '.');
  format.thousands = one_character(arguments, "thousands", '\0');
  if (format.decimal != '.' && format.decimal != ',') {
    throw Error(ErrorKind::usage,
                fmt::format("--decimal is '{}', but . or , is expected", format.decimal));
  }
  if (format.thousands == format.decimal) {
    throw Error(ErrorKind::usage,
                fmt::format("--decimal and --thousands are both '{}': one of them must be another "
                            "character",
                            format.decimal));
  }
  return format;
}

char cell_delimiter(const Arguments& arguments, const std::string& format) {
  const std::string delimiter = arguments.get("delimiter", format == "tsv" ? "tab" : "");
  if (delimiter == "tab" || delimiter == "\\t") return '\t';
  if (delimiter.empty()) return '\0';
  if (delimiter.size() == 1) return delimiter.front();
  throw Error(
      ErrorKind::usage,
      fmt::format("--delimiter is '{}', but one character or 'tab' is expected", delimiter));
}

DatasetInfo pattern_info(const std::string& text) {
  const DatasetAddress address = parse_address(text);
  // The group that import was given, as well as the data set in it.
  DatasetAddress samples = address;
  samples.path = (address.path == "/" ? "" : address.path) + "/samples";
  try {
    return DatasetReader(samples).info();
  } catch (const Error&) {
    return DatasetReader(address).info();
  }
}

/// Columns, classes and type of the data set that --like names.
void follow_pattern(const std::string& text, CsvSettings& settings) {
  const DatasetInfo info = pattern_info(text);
  const std::string name = to_string(info.address);
  CsvPattern pattern;
  pattern.name = name;
  const auto columns = dataset_texts(info.address, "columns");
  if (!columns.empty()) {
    pattern.columns = columns_from(columns.front(), name);
    if (pattern.columns.empty() || pattern.columns.back().features.end != info.features())
      throw Error(ErrorKind::data, name + ": its columns do not fit its features");
  } else {
    const auto names = dataset_texts(info.address, "feature_names");
    if (static_cast<Index>(names.size()) != info.features()) {
      throw Error(ErrorKind::data,
                  name +
                      ": does not name its columns: --like takes what import has made of a table "
                      "with a header");
    }
    pattern.columns = number_columns(names);
  }
  if (const auto labels = labels_beside(info).address) pattern.classes = class_names(*labels);
  settings.like = std::move(pattern);
  if (!settings.type) settings.type = info.type;
}

}  // namespace

std::vector<Option> csv_options() {
  return {
      {"label-column", "csv, tsv", "Column with the labels: numbers, or texts, which are numbered",
       "", false},
      {"drop-columns", "csv, tsv, hdf5",
       "Columns to drop, comma-separated; of HDF5, from data frames", "", false},
      {"categorical", "csv, tsv", "Columns to make one-hot, comma-separated",
       "those of texts that are neither dates nor true and false", false},
      {"numeric", "csv, tsv",
       "Columns that must hold numbers, comma-separated; also keeps a first column without a name",
       "", false},
      {"decimal", "csv, tsv", "Decimal separator of numbers: . or ,", ".", false},
      {"thousands", "csv, tsv", "Separator of thousands: one character, or space", "none", false},
      {"date-order", "csv, tsv", "Order of dates such as 3/4/2024: dmy or mdy",
       "as far as the dates make it plain", false},
      {"like", "csv, tsv, hdf5",
       "Give the tables the columns, categories and classes of FILE.h5:/group, which import has "
       "made",
       "", false},
      {"header", "csv, tsv", "Whether the first line names the columns",
       "when no cell of it is a number", true},
      {"delimiter", "csv, tsv", "Separator of cells: one character, or tab",
       "tab, semicolon or comma, as in the first line", false},
  };
}

std::vector<std::string> csv_option_names() {
  std::vector<std::string> names;
  for (const Option& option : csv_options()) names.push_back(option.name);
  return names;
}

CsvSettings csv_settings(const Arguments& arguments, const std::string& format) {
  CsvSettings settings;
  settings.label_column = arguments.get("label-column");
  settings.drop_columns = listed(arguments, "drop-columns");
  settings.categorical = listed(arguments, "categorical");
  settings.numeric = listed(arguments, "numeric");
  settings.numbers = number_separators(arguments);
  settings.delimiter = cell_delimiter(arguments, format);
  settings.date_order = arguments.get("date-order");
  if (!settings.date_order.empty() && settings.date_order != "dmy" &&
      settings.date_order != "mdy") {
    throw Error(ErrorKind::usage, fmt::format("--date-order is '{}', but dmy or mdy is expected",
                                              settings.date_order));
  }
  if (arguments.has("header")) settings.header = arguments.flag("header") ? "true" : "false";
  if (arguments.has("type")) {
    const ArrayFormat number = number_format(arguments.get("type"));
    if (number.narrow != NarrowFloat::none) {
      throw Error(ErrorKind::usage,
                  fmt::format("--type {} is for raw numbers; use float32", name_of(number.narrow)));
    }
    settings.type = number.type;
  }
  if (arguments.has("like")) follow_pattern(arguments.get("like"), settings);
  return settings;
}

}  // namespace hourglass
