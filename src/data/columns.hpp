#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// What the features of a table's column stand for.
enum class ColumnKind {
  number,    ///< one feature
  category,  ///< one feature per text of the vocabulary, 1 for the text of the row and 0 for the
             ///< others; all 0 for a text that the vocabulary does not have
  boolean,   ///< one feature: 0 or 1
  date,      ///< one feature: seconds since 1970-01-01 00:00 UTC
};

[[nodiscard]] std::string_view name_of(ColumnKind kind);

/// A column of a table, and the features of a sample that hold it. A missing cell is NaN in all of
/// them.
struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::number;
  Range features;                       ///< of the sample
  std::vector<std::string> vocabulary;  ///< category: by feature; boolean: the texts of 0 and 1
  std::string format;                   ///< date: as strftime writes it (data/date_time.hpp)
  bool operator==(const Column&) const = default;
};

/// Lets the features of the columns follow one another from 0; gives their number.
Index number_features(std::span<Column> columns);

/// Of every feature: the column's name, for categories "name=text".
[[nodiscard]] std::vector<std::string> feature_names(std::span<const Column> columns);

/// Number columns of these names.
[[nodiscard]] std::vector<Column> number_columns(std::span<const std::string> names);

/// Whether one of them is more than a number.
[[nodiscard]] bool has_kinds(std::span<const Column> columns);

/// "8 numbers, 2 categories, 1 date".
[[nodiscard]] std::string describe_columns(std::span<const Column> columns);

/// As JSON, the attribute "columns" of a data set: an array of objects with name, kind, first and
/// count of the features, and vocabulary or format where they have one.
[[nodiscard]] std::string columns_text(std::span<const Column> columns);
/// Throws Error(data), naming `where`, for a text that is not of that kind, or columns that do not
/// lie one after the other from feature 0.
[[nodiscard]] std::vector<Column> columns_from(const std::string& text, const std::string& where);

}  // namespace hourglass
