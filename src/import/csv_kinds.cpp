#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/utf8.hpp"
#include "hourglass/core/error.hpp"
#include "import/csv_schema.hpp"

namespace hourglass {

namespace {

constexpr std::size_t most_categories = 1000;

bool names(const std::vector<std::string>& list, const std::string& name) {
  return std::ranges::find(list, name) != list.end();
}

[[noreturn]] void refuse(const std::string& path, Index line, const std::string& name,
                         const std::string& reason) {
  throw Error(ErrorKind::data,
              fmt::format("{}: line {}: column '{}': {}", path, line, name, reason));
}

// Whole numbers by value, so that 9 comes before 10.
void sort_numbers(std::vector<std::string>& texts) {
  std::vector<std::pair<std::int64_t, std::string>> numbers;
  for (const std::string& text : texts) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return;
    numbers.emplace_back(value, text);
  }
  std::ranges::sort(numbers);
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = numbers[i].second;
}

void make_category(const std::string& path, const ColumnGuess& guess, const CsvSettings& settings,
                   Column& column) {
  column.kind = ColumnKind::category;
  column.vocabulary = guess.vocabulary();
  if (guess.too_many()) {
    refuse(path, guess.text_line(), column.name,
           fmt::format("more than {} different texts are no categories: drop it with "
                       "--drop-columns {}",
                       ColumnGuess::most_texts, column.name));
  }
  if (column.vocabulary.size() > most_categories && !names(settings.categorical, column.name)) {
    refuse(
        path, guess.text_line(), column.name,
        fmt::format("holds {} different texts: drop it with --drop-columns {}, or make a feature "
                    "of each with --categorical {}",
                    column.vocabulary.size(), column.name, column.name));
  }
  for (const std::string& text : column.vocabulary) {
    if (!is_utf8(text) || text.find('\0') != std::string::npos) {
      refuse(path, guess.text_line(), column.name,
             "holds a text that is not UTF-8; convert the file first: iconv -f latin1 -t utf-8 < " +
                 path + " > OUT");
    }
  }
  sort_numbers(column.vocabulary);
}

void make_boolean(const ColumnGuess& guess, Column& column) {
  column.kind = ColumnKind::boolean;
  column.vocabulary.assign(2, "");
  for (const std::string& text : guess.vocabulary()) {
    std::string& word = column.vocabulary[static_cast<std::size_t>(boolean_of(text))];
    if (word.empty()) word = text;
  }
  // A column of one of them alone: the other in the same manner.
  std::string& no = column.vocabulary[0];
  std::string& yes = column.vocabulary[1];
  const bool affirms = no == "no" || no == "No" || no == "NO" || yes.size() == 3;
  const std::string& known = no.empty() ? yes : no;
  const bool capital = known.front() >= 'A' && known.front() <= 'Z';
  const bool all_capital = capital && known.back() >= 'A' && known.back() <= 'Z';
  const auto written = [&](const char* small, const char* first, const char* all) {
    return std::string(all_capital ? all : (capital ? first : small));
  };
  if (no.empty()) no = affirms ? written("no", "No", "NO") : written("false", "False", "FALSE");
  if (yes.empty()) yes = affirms ? written("yes", "Yes", "YES") : written("true", "True", "TRUE");
}

void make_date(const std::string& path, const ColumnGuess& guess, const CsvSettings& settings,
               DecidedColumn& decided) {
  decided.column.kind = ColumnKind::date;
  decided.dates = guess.dates();
  decided.needs_double = guess.dates_need_double();
  const bool day = guess.fits(DateOrder::day_first);
  const bool month = guess.fits(DateOrder::month_first);
  if (guess.fits(DateOrder::year_first)) {
    decided.dates.order = DateOrder::year_first;
  } else if (!settings.date_order.empty() && (day || month)) {
    const bool wanted_day = settings.date_order == "dmy";
    if ((wanted_day && !day) || (!wanted_day && !month)) {
      refuse(path, guess.text_line(), decided.column.name,
             fmt::format("its dates do not fit --date-order {}: leave the option out",
                         settings.date_order));
    }
    decided.dates.order = wanted_day ? DateOrder::day_first : DateOrder::month_first;
  } else if (day && month && guess.dates().separator != '.') {
    refuse(
        path, guess.text_line(), decided.column.name,
        fmt::format("{} may begin with the day or with the month: say which, --date-order dmy or "
                    "--date-order mdy",
                    shown(guess.first_text())));
  } else if (day) {
    decided.dates.order = DateOrder::day_first;
  } else if (month) {
    decided.dates.order = DateOrder::month_first;
  } else {
    refuse(
        path, guess.text_line(), decided.column.name,
        fmt::format("holds dates in several orders: write them as 2024-12-31, or drop the column "
                    "with --drop-columns {}",
                    decided.column.name));
  }
  decided.column.format = to_string(decided.dates);
}

}  // namespace

DecidedColumn decide_column(const std::string& path, const std::string& name,
                            const ColumnGuess& guess, const CsvSettings& settings) {
  DecidedColumn decided;
  decided.column.name = name;
  if (guess.present() == 0) {
    throw Error(ErrorKind::data,
                fmt::format("{}: column '{}': missing in every row, from line 2 on: drop it with "
                            "--drop-columns {}",
                            path, name, name));
  }
  if (names(settings.categorical, name)) {
    make_category(path, guess, settings, decided.column);
  } else if (guess.all_numbers()) {
    decided.needs_double = guess.needs_double();
  } else if (names(settings.numeric, name) || guess.numbers() > 0 ||
             (guess.foreign() > 0 && guess.foreign() == guess.present())) {
    const bool foreign = is_foreign_number(guess.first_text(), settings.numbers);
    refuse(
        path, guess.text_line(), name,
        fmt::format("{} is not a number{}", shown(guess.first_text()),
                    foreign ? ": if it is written with a decimal comma, give --decimal ,; with "
                              "another separator of thousands --thousands SEPARATOR"
                            : fmt::format("; correct it, drop the column with --drop-columns {0}, "
                                          "or make its texts categories with --categorical {0}",
                                          name)));
  } else if (guess.all_booleans()) {
    make_boolean(guess, decided.column);
  } else if (guess.all_dates()) {
    make_date(path, guess, settings, decided);
  } else {
    make_category(path, guess, settings, decided.column);
  }
  return decided;
}

}  // namespace hourglass
