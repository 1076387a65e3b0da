#include "import/csv_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/counted.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

using Positions = std::vector<std::pair<std::string, std::size_t>>;

/// The columns of a file that are samples, by name, in its order.
Positions chosen_columns(const CsvFile& file) {
  std::set<std::size_t> left_out;
  const CsvSettings& settings = file.settings;
  if (!settings.label_column.empty()) left_out.insert(find_column(file, settings.label_column));
  for (const std::string& name : settings.drop_columns) left_out.insert(find_column(file, name));
  std::set<std::size_t> named;
  for (const auto* list : {&settings.categorical, &settings.numeric}) {
    for (const std::string& name : *list) named.insert(find_column(file, name));
  }
  if (file.index && !named.contains(*file.index)) left_out.insert(*file.index);
  Positions chosen;
  for (std::size_t c = 0; c < file.columns.size(); ++c) {
    if (!left_out.contains(c)) chosen.emplace_back(file.columns[c], c);
  }
  if (chosen.empty())
    throw Error(ErrorKind::data, file.path + ": no column is left for the samples");
  return chosen;
}

std::vector<std::size_t> by_name(const CsvFile& file, const Positions& chosen,
                                 const std::vector<std::string>& wanted, const std::string& first) {
  std::vector<std::size_t> positions;
  for (const std::string& name : wanted) {
    const auto found = std::ranges::find(chosen, name, &Positions::value_type::first);
    if (found == chosen.end()) {
      throw Error(
          ErrorKind::data,
          fmt::format("{}: has no column '{}', which {} has: add it, or leave it out of all "
                      "with --drop-columns",
                      file.path, name, first));
    }
    positions.push_back(found->second);
  }
  return positions;
}

void refuse_extra(const CsvFile& file, const Positions& chosen,
                  const std::vector<std::string>& wanted, const std::string& first) {
  for (const auto& [name, position] : chosen) {
    if (std::ranges::find(wanted, name) == wanted.end()) {
      throw Error(ErrorKind::data,
                  fmt::format("{}: has a column '{}', which {} does not have: take it out of the "
                              "file, or import the file alone",
                              file.path, name, first));
    }
  }
}

/// Where each file has the columns of the first, or of the pattern.
std::vector<CsvPlaces> match(const std::vector<CsvFindings>& files,
                             std::vector<std::string>& wanted, CsvSchema& schema) {
  std::vector<CsvPlaces> places;
  const CsvFile& first = files.front().file;
  const auto& like = first.settings.like;
  for (const CsvFindings& findings : files) {
    const CsvFile& file = findings.file;
    const Positions chosen = chosen_columns(file);
    if (like && places.empty()) {
      for (const Column& column : like->columns) wanted.push_back(column.name);
    } else if (places.empty()) {
      for (const auto& [name, position] : chosen) wanted.push_back(name);
    }
    CsvPlaces here;
    const bool unnamed = !file.has_header && (like.has_value() || first.has_header);
    if (unnamed && chosen.size() == wanted.size()) {
      schema.notes.push_back(
          fmt::format("{}: has no header: its columns are taken in the order of {}", file.path,
                      like ? like->name : first.path));
      for (const auto& [name, position] : chosen) here.positions.push_back(position);
    } else {
      const std::string& other = like ? like->name : first.path;
      here.positions = by_name(file, chosen, wanted, other);
      if (!like) refuse_extra(file, chosen, wanted, other);
      if (like && chosen.size() > wanted.size()) {
        schema.notes.push_back(fmt::format(
            "{}: {} that {} does not have are left out", file.path,
            counted(static_cast<Index>(chosen.size() - wanted.size()), "column"), other));
      }
    }
    if (!file.settings.label_column.empty())
      here.label = find_column(file, file.settings.label_column);
    places.push_back(std::move(here));
  }
  return places;
}

bool is_whole(const std::string& label) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), value);
  return error == std::errc{} && end == label.data() + label.size();
}

/// The names that the labels of all files stand for; none when all are whole numbers.
std::vector<std::string> name_classes(const std::vector<CsvFindings>& files,
                                      std::vector<std::string>& notes) {
  std::set<std::string> all;
  for (const CsvFindings& file : files) all.insert(file.classes.begin(), file.classes.end());
  const auto& like = files.front().file.settings.like;
  if (!like || like->classes.empty()) {
    if (std::ranges::all_of(all, is_whole)) return {};
    return {all.begin(), all.end()};
  }
  std::vector<std::string> classes = like->classes;
  for (const std::string& name : all) {
    if (std::ranges::find(classes, name) != classes.end()) continue;
    notes.push_back(fmt::format("{} has no class {}: it is numbered {}", like->name, shown(name),
                                classes.size()));
    classes.push_back(name);
  }
  return classes;
}

void note_missing(const ColumnGuess& guess, const std::string& name, Index& columns, Index& cells,
                  std::string& example) {
  if (guess.missing() == 0) return;
  if (columns++ == 0) example = name;
  cells += guess.missing();
}

void describe(const std::vector<CsvFindings>& files, const std::vector<ColumnGuess>& merged,
              const std::string& doubled, CsvSchema& schema) {
  for (const CsvFindings& findings : files) {
    const CsvFile& file = findings.file;
    for (const std::string& note : file.notes) schema.notes.push_back(file.path + ": " + note);
    const auto& kept = schema.columns;
    if (file.index &&
        std::ranges::find(kept, file.columns[*file.index], &Column::name) == kept.end()) {
      schema.notes.push_back(fmt::format(
          "{}: the first column has no name: it is left out as the index of the rows (--numeric {} "
          "keeps it)",
          file.path, file.columns[*file.index]));
    }
  }
  if (has_kinds(schema.columns)) {
    schema.notes.push_back(fmt::format(
        "{}: {}, {} features", counted(static_cast<Index>(schema.columns.size()), "column"),
        describe_columns(schema.columns), schema.columns.back().features.end));
  }
  if (!doubled.empty()) {
    schema.notes.push_back(fmt::format(
        "column '{}' has more digits than float32 holds: stored as float64 (--type float32 rounds)",
        doubled));
  }
  Index columns = 0;
  Index cells = 0;
  std::string example;
  for (std::size_t c = 0; c < merged.size(); ++c)
    note_missing(merged[c], schema.columns[c].name, columns, cells, example);
  if (cells > 0) {
    schema.notes.push_back(fmt::format(
        "{} missing in {} ('{}'{}): stored as NaN; train with --missing mask",
        counted(cells, "cell"), counted(columns, "column"), example, columns > 1 ? ", ..." : ""));
  }
}

/// Of a column whose kind is given.
DateFormat given_dates(const Column& column) {
  return column.kind == ColumnKind::date ? date_format_from(column.format) : DateFormat{};
}

}  // namespace

CsvSchema make_schema(const std::vector<CsvFindings>& files, std::vector<CsvPlaces>& places) {
  CsvSchema schema;
  std::vector<std::string> wanted;
  places = match(files, wanted, schema);
  const CsvFile& first = files.front().file;
  const auto& like = first.settings.like;
  schema.names_known = first.has_header || like.has_value();
  std::vector<ColumnGuess> merged;
  std::string doubled;
  for (std::size_t c = 0; c < wanted.size(); ++c) {
    ColumnGuess guess = files.front().guesses[places.front().positions[c]];
    for (std::size_t f = 1; f < files.size(); ++f)
      guess.merge(files[f].guesses[places[f].positions[c]]);
    if (like) {
      schema.columns.push_back(like->columns[c]);
      schema.dates.push_back(given_dates(like->columns[c]));
    } else {
      // The file of the cell that a refusal would name.
      std::size_t named = 0;
      while (named + 1 < files.size() &&
             files[named].guesses[places[named].positions[c]].text_line() == 0)
        ++named;
      DecidedColumn decided =
          decide_column(files[named].file.path, wanted[c], guess, first.settings);
      if (decided.needs_double && doubled.empty()) doubled = wanted[c];
      schema.columns.push_back(std::move(decided.column));
      schema.dates.push_back(decided.dates);
    }
    merged.push_back(std::move(guess));
  }
  number_features(schema.columns);
  if (first.settings.type) {
    schema.type = *first.settings.type;
    doubled.clear();
  } else if (!doubled.empty()) {
    schema.type = ElementType::f64;
  }
  describe(files, merged, doubled, schema);
  schema.classes = name_classes(files, schema.notes);
  return schema;
}

}  // namespace hourglass
