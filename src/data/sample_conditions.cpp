#include "data/sample_conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/text_list.hpp"
#include "data/labels.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::size_t most_categories = 4096;
constexpr const char* unknown_hint = "give --unknown-condition to take them for unknown";

struct Named {
  std::string name;
  DatasetAddress address;
};

// "batch=cells.h5ad:/obs/sample" has a name of its own.
Named named(const DatasetAddress& given, const DatasetInfo& samples) {
  Named result{"", given};
  const std::size_t mark = given.file.find('=');
  if (mark != std::string::npos && mark > 0 && given.file.find('/') > mark) {
    result.name = given.file.substr(0, mark);
    result.address.file = given.file.substr(mark + 1);
  } else {
    result.name = given.path.substr(given.path.rfind('/') + 1);
  }
  result.address.options = samples.address.options.without_columns();
  if (result.name.empty()) {
    throw Error(
        ErrorKind::usage,
        fmt::format("--condition {}: name what lies in the file: FILE:/path", to_string(given)));
  }
  return result;
}

std::vector<Named> split(const std::string& addresses, const DatasetInfo& samples) {
  if (samples.address.options.views.window > 0) {
    throw Error(ErrorKind::usage,
                "--condition cannot be combined with --window: leave out one of them");
  }
  // Each may be a list of files, as the samples may, so these are no data sets side by side.
  std::vector<Named> result;
  for (const std::string& item : split_list(addresses, '+')) {
    result.push_back(named(parse_address(item), samples));
    const std::string& name = result.back().name;
    if (std::ranges::count(result, name, &Named::name) > 1) {
      throw Error(ErrorKind::usage, fmt::format("--condition names {} twice: call one of them "
                                                "otherwise with NAME=FILE:/path",
                                                name));
    }
  }
  return result;
}

bool is_unknown(const Labels& labels, std::int64_t value) {
  return !labels.names.empty() && value < 0;
}

[[noreturn]] void refuse_unknown(const Named& condition, std::size_t row) {
  throw Error(ErrorKind::data, fmt::format("{}: sample {} (from 0) has no category; {}",
                                           to_string(condition.address), row, unknown_hint));
}

}  // namespace

std::vector<Condition> find_conditions(const std::string& addresses, const DatasetInfo& samples,
                                       bool unknown_allowed) {
  std::vector<Condition> conditions;
  for (const Named& named : split(addresses, samples)) {
    const Labels labels = read_labels(named.address, samples.rows());
    std::vector<std::int64_t> values = labels.values;
    std::ranges::sort(values);
    const auto rest = std::ranges::unique(values);
    values.erase(rest.begin(), rest.end());
    Condition& condition = conditions.emplace_back(Condition{named.name, {}});
    for (const std::int64_t value : values) {
      if (!is_unknown(labels, value)) {
        condition.categories.push_back(labels.name_of(value));
      } else if (!unknown_allowed) {
        refuse_unknown(named, static_cast<std::size_t>(std::ranges::find(labels.values, value) -
                                                       labels.values.begin()));
      }
    }
    if (condition.categories.empty() || condition.categories.size() > most_categories) {
      throw Error(ErrorKind::data, fmt::format("{}: has {} categories, but a condition has 1 to {}",
                                               to_string(named.address),
                                               condition.categories.size(), most_categories));
    }
  }
  return conditions;
}

std::vector<std::int32_t> read_conditions(const std::string& addresses, const DatasetInfo& samples,
                                          const std::vector<Condition>& conditions,
                                          bool unknown_allowed) {
  const std::vector<Named> given = split(addresses, samples);
  std::vector<std::string> wanted;
  for (const Condition& condition : conditions) wanted.push_back(condition.name);
  const auto is_wanted = [&](const Named& one) {
    return std::ranges::find(wanted, one.name) != wanted.end();
  };
  if (given.size() != wanted.size() || !std::ranges::all_of(given, is_wanted)) {
    throw Error(ErrorKind::usage,
                fmt::format("--condition {}: the model has the condition{} {}; give each as "
                            "NAME=FILE:/path, with + between them",
                            addresses, wanted.size() == 1 ? "" : "s", fmt::join(wanted, ", ")));
  }
  const std::size_t count = conditions.size();
  std::vector<std::int32_t> table(static_cast<std::size_t>(samples.rows()) * count);
  std::int32_t first = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const Condition& condition = conditions[k];
    const Named& named = *std::ranges::find(given, condition.name, &Named::name);
    const Labels labels = read_labels(named.address, samples.rows());
    std::map<std::int64_t, std::int32_t> places;
    for (std::size_t row = 0; row < labels.values.size(); ++row) {
      const std::int64_t value = labels.values[row];
      const auto [entry, is_new] = places.emplace(value, -1);
      if (is_new && !is_unknown(labels, value)) {
        const std::string name = labels.name_of(value);
        const auto place = std::ranges::find(condition.categories, name);
        if (place != condition.categories.end()) {
          entry->second = first + static_cast<std::int32_t>(place - condition.categories.begin());
        } else if (!unknown_allowed) {
          throw Error(ErrorKind::data,
                      fmt::format("{}: sample {} (from 0) has the category '{}', which the model "
                                  "has not seen; {}",
                                  to_string(named.address), row, name, unknown_hint));
        }
      } else if (is_new && !unknown_allowed) {
        refuse_unknown(named, row);
      }
      table[row * count + k] = entry->second;
    }
    first += static_cast<std::int32_t>(condition.categories.size());
  }
  return table;
}

std::vector<std::int32_t> chosen_categories(const std::string& text,
                                            const std::vector<Condition>& conditions) {
  std::vector<std::int32_t> chosen(conditions.size(), unchosen_category);
  for (const std::string& item : split_list(text)) {
    const std::size_t mark = item.find('=');
    const std::string name = item.substr(0, mark);
    std::int32_t first = 0;
    bool found = false;
    for (std::size_t k = 0; k < conditions.size() && mark != std::string::npos; ++k) {
      const auto& categories = conditions[k].categories;
      if (conditions[k].name == name) {
        const auto place = std::ranges::find(categories, item.substr(mark + 1));
        if (place == categories.end()) {
          throw Error(ErrorKind::usage, fmt::format("--set-condition {}: {} has the categories {}",
                                                    item, name, fmt::join(categories, ", ")));
        }
        chosen[k] = first + static_cast<std::int32_t>(place - categories.begin());
        found = true;
      }
      first += static_cast<std::int32_t>(categories.size());
    }
    if (found) continue;
    std::vector<std::string> names;
    for (const Condition& condition : conditions) names.push_back(condition.name);
    throw Error(ErrorKind::usage, fmt::format("--set-condition {}: give NAME=CATEGORY of the "
                                              "model's conditions {}",
                                              item, fmt::join(names, ", ")));
  }
  return chosen;
}

}  // namespace hourglass
