#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/settings.hpp"
#include "core/edit_distance.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

/// Throws Error(usage): "--name is 'text', but WANTED is expected".
[[noreturn]] void bad_value(const std::string& name, const std::string& text,
                            const std::string& wanted);

template <class T>
T parse_number(const std::string& name, const std::string& text, const char* wanted) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) bad_value(name, text, wanted);
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) bad_value(name, text, "a finite number");
  }
  return value;
}

[[nodiscard]] bool parse_bool(const std::string& name, const std::string& text);
[[nodiscard]] std::string format_interval(const Interval& interval);
[[nodiscard]] Interval parse_interval(const std::string& name, const std::string& text);

// Each maker below turns an accessor (a function from the configuration to one of its fields) into
// a row of the table.
struct Row {
  std::string name;
  std::string section;
  std::string help;
  Scope scope = Scope::trajectory;
};

template <class Access>
Setting text_setting(Row row, Access access) {
  return {row.name,
          row.section,
          row.help,
          false,
          row.scope,
          [access](const TrainConfig& c) { return access(const_cast<TrainConfig&>(c)); },
          [access](TrainConfig& c, const std::string& text) { access(c) = text; }};
}

template <class Access>
Setting integer_setting(Row row, Access access) {
  using Value = std::remove_reference_t<decltype(access(std::declval<TrainConfig&>()))>;
  return {row.name,
          row.section,
          row.help,
          false,
          row.scope,
          [access](const TrainConfig& c) {
            return std::to_string(access(const_cast<TrainConfig&>(c)));
          },
          [access, name = row.name](TrainConfig& c, const std::string& text) {
            access(c) = parse_number<Value>(name, text, "a whole number");
          }};
}

template <class Access>
Setting number_setting(Row row, Access access) {
  return {row.name,
          row.section,
          row.help,
          false,
          row.scope,
          [access](const TrainConfig& c) {
            return fmt::format("{}", access(const_cast<TrainConfig&>(c)));
          },
          [access, name = row.name](TrainConfig& c, const std::string& text) {
            access(c) = parse_number<double>(name, text, "a number");
          }};
}

template <class Access>
Setting flag_setting(Row row, Access access) {
  return {row.name,
          row.section,
          row.help,
          true,
          row.scope,
          [access](const TrainConfig& c) {
            return std::string(access(const_cast<TrainConfig&>(c)) ? "true" : "false");
          },
          [access, name = row.name](TrainConfig& c, const std::string& text) {
            access(c) = parse_bool(name, text);
          }};
}

// A value with a text of its own: format(value), and parse(name, text).
template <class Access, class Format, class Parse>
Setting formatted_setting(Row row, Access access, Format format, Parse parse) {
  return {row.name,
          row.section,
          row.help,
          false,
          row.scope,
          [access, format](const TrainConfig& c) {
            return format(access(const_cast<TrainConfig&>(c)));
          },
          [access, parse, name = row.name](TrainConfig& c, const std::string& text) {
            access(c) = parse(name, text);
          }};
}

template <class Access>
Setting bytes_setting(const Row& row, Access access) {
  return formatted_setting(row, access, format_bytes, parse_bytes);
}

// Words of an enumeration: `parse` throws a message of its own, to which the setting's name is
// added.
template <class Access, class Parse>
Setting word_setting(Row row, Access access, Parse parse) {
  return {row.name,
          row.section,
          row.help,
          false,
          row.scope,
          [access](const TrainConfig& c) {
            return std::string(name_of(access(const_cast<TrainConfig&>(c))));
          },
          [access, parse, name = row.name](TrainConfig& c, const std::string& text) {
            try {
              access(c) = parse(text);
            } catch (const Error& error) {
              throw Error(ErrorKind::usage, fmt::format("--{}: {}", name, error.what()));
            }
          }};
}

// A word out of a list that lives as text in the configuration.
template <class Access>
Setting choice_setting(Row row, std::vector<std::string> choices, Access access) {
  return {row.name,
          row.section,
          fmt::format("{}: {}", row.help, fmt::join(choices, ", ")),
          false,
          row.scope,
          [access](const TrainConfig& c) { return access(const_cast<TrainConfig&>(c)); },
          [access, choices, name = row.name](TrainConfig& c, const std::string& text) {
            if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
              bad_value(
                  name, text,
                  fmt::format("one of {}", fmt::join(choices, ", ")) + suggestion(text, choices));
            }
            access(c) = text;
          }};
}

// The sections of the table, each in a file of its own.
[[nodiscard]] std::vector<Setting> data_settings();
[[nodiscard]] std::vector<Setting> view_settings();
[[nodiscard]] std::vector<Setting> model_settings();
[[nodiscard]] std::vector<Setting> regularization_settings();
[[nodiscard]] std::vector<Setting> sparsity_settings();
[[nodiscard]] std::vector<Setting> optimizer_settings();
[[nodiscard]] std::vector<Setting> pretrain_settings();
[[nodiscard]] std::vector<Setting> transfer_settings();
[[nodiscard]] std::vector<Setting> run_settings();
[[nodiscard]] std::vector<Setting> reliability_settings();

}  // namespace hourglass
