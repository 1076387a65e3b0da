#include "cli/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <cmath>
#include <sstream>

#include "config/settings.hpp"
#include "core/edit_distance.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace po = boost::program_options;

namespace {

constexpr int help_columns = 110;

po::options_description describe(const std::vector<Option>& options, const std::string& section) {
  po::options_description description(section, help_columns, help_columns / 2);
  for (const Option& option : options) {
    if (!section.empty() && option.section != section) continue;
    auto* value = po::value<std::string>()->value_name(option.flag ? "true|false" : "VALUE");
    if (option.flag) value->implicit_value("true", "");
    const std::string help = option.standard.empty()
                                 ? option.help
                                 : fmt::format("{} [{}]", option.help, option.standard);
    description.add_options()(option.name.c_str(), value, help.c_str());
  }
  return description;
}

// Flags with their value behind an equals sign ("--flag", "--flag false" and "--compress 9" as
// "--flag=true", "--flag=false" and
// "--compress=9"): otherwise the library takes any next word as the value.
std::vector<std::string> joined(const std::vector<Option>& options,
                                const std::vector<std::string>& words) {
  const auto is_value = [](const std::string& word) {
    return word == "true" || word == "false" ||
           (!word.empty() && word.find_first_not_of("0123456789") == std::string::npos);
  };
  std::vector<std::string> result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    result.push_back(words[i]);
    if (words[i] == "--") {
      result.insert(result.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    const bool flag = std::any_of(options.begin(), options.end(), [&](const Option& option) {
      return option.flag && "--" + option.name == words[i];
    });
    if (flag)
      result.back() += i + 1 < words.size() && is_value(words[i + 1]) ? "=" + words[++i] : "=true";
  }
  return result;
}

std::string without_dashes(const std::string& name) {
  const auto first = name.find_first_not_of('-');
  return first == std::string::npos ? name : name.substr(first, name.find('=') - first);
}

}  // namespace

Arguments parse_arguments(const std::vector<Option>& options, const std::vector<std::string>& words,
                          std::size_t max_positional) {
  try {
    namespace style = po::command_line_style;
    const auto description = describe(options, "");
    const po::parsed_options parsed =
        po::command_line_parser(joined(options, words))
            .options(description)
            .style(style::unix_style & ~style::allow_guessing & ~style::allow_short)
            .run();
    Arguments arguments;
    for (const auto& option : parsed.options) {
      if (option.position_key >= 0 || option.string_key.empty()) {
        arguments.positional.insert(arguments.positional.end(), option.value.begin(),
                                    option.value.end());
        continue;
      }
      const std::string value = option.value.empty() ? "true" : option.value.front();
      const auto& known = *std::find_if(options.begin(), options.end(), [&](const Option& o) {
        return o.name == option.string_key;
      });
      if (known.repeats) {
        arguments.lists[option.string_key].push_back(value);
        continue;
      }
      if (!arguments.values.emplace(option.string_key, value).second) {
        throw Error(ErrorKind::usage, fmt::format("--{} is given twice", option.string_key));
      }
    }
    if (arguments.positional.size() > max_positional) {
      throw Error(ErrorKind::usage,
                  fmt::format("unexpected '{}': options begin with --, e.g. --name value",
                              arguments.positional[max_positional]));
    }
    return arguments;
  } catch (const po::unknown_option& error) {
    std::vector<std::string> names;
    for (const Option& option : options) names.push_back(option.name);
    const std::string name = without_dashes(error.get_option_name());
    throw Error(ErrorKind::usage,
                fmt::format("unknown option --{}{}", name, suggestion(name, names, "--")));
  } catch (const po::error_with_option_name& error) {
    throw Error(ErrorKind::usage, fmt::format("--{}: a value is missing or malformed",
                                              without_dashes(error.get_option_name())));
  } catch (const po::error& error) {
    throw Error(ErrorKind::usage, error.what());
  }
}

std::string help_text(const std::vector<Option>& options) {
  std::string text;
  std::vector<std::string> seen;
  for (const Option& option : options) {
    if (std::find(seen.begin(), seen.end(), option.section) != seen.end()) continue;
    seen.push_back(option.section);
    std::ostringstream stream;
    stream << describe(options, option.section);
    text += "\n" + stream.str();
  }
  return text;
}

std::string Arguments::get(const std::string& name, const std::string& standard) const {
  const auto found = values.find(name);
  return found == values.end() ? standard : found->second;
}

std::string Arguments::required(const std::string& name) const {
  if (!has(name) || get(name).empty())
    throw Error(ErrorKind::usage, fmt::format("--{} is missing", name));
  return get(name);
}

double Arguments::number(const std::string& name, double standard) const {
  if (!has(name)) return standard;
  const std::string text = get(name);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    throw Error(ErrorKind::usage,
                fmt::format("--{} is '{}', but a number is expected", name, text));
  }
  return value;
}

Index Arguments::integer(const std::string& name, Index standard, Index smallest) const {
  if (!has(name)) return standard;
  const std::string text = get(name);
  Index value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < smallest) {
    throw Error(ErrorKind::usage,
                fmt::format("--{} is '{}', but a whole number of at least {} is expected", name,
                            text, smallest));
  }
  return value;
}

Index Arguments::flag_or_integer(const std::string& name, Index alone, Index smallest,
                                 Index largest) const {
  if (!has(name)) return 0;
  if (get(name) == "true") return alone;
  const Index value = integer(name, 0, smallest);
  if (value > largest) {
    throw Error(ErrorKind::usage, fmt::format("--{} is {}, but {} to {} is expected", name, value,
                                              smallest, largest));
  }
  return value;
}

bool Arguments::flag(const std::string& name) const {
  const std::string value = get(name, "false");
  if (value == "true" || value == "false") return value == "true";
  throw Error(ErrorKind::usage,
              fmt::format("--{} is '{}', but true or false is expected", name, value));
}

}  // namespace hourglass
