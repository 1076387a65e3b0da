#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// One option of a subcommand, as --help shows it.
struct Option {
  std::string name;
  std::string section;
  std::string help;
  std::string standard;  ///< its default as text; "" when it has none
  bool flag = false;     ///< may stand without a value
  bool repeats = false;  ///< may be given several times: see Arguments::lists
};

/// The words of the command line after the subcommand's name.
struct Arguments {
  std::map<std::string, std::string> values;              ///< options given, by name
  std::map<std::string, std::vector<std::string>> lists;  ///< the same for options that may repeat
  std::vector<std::string> positional;                    ///< other words; all that follow "--"

  [[nodiscard]] bool has(const std::string& name) const { return values.contains(name); }
  [[nodiscard]] std::string get(const std::string& name, const std::string& standard = "") const;
  /// Throws Error(usage) naming the option.
  [[nodiscard]] std::string required(const std::string& name) const;
  [[nodiscard]] Index integer(const std::string& name, Index standard, Index smallest) const;
  [[nodiscard]] double number(const std::string& name, double standard) const;
  /// An option that stands for `alone` without a value and takes smallest..largest otherwise; 0
  /// when it is not given.
  [[nodiscard]] Index flag_or_integer(const std::string& name, Index alone, Index smallest,
                                      Index largest) const;
  [[nodiscard]] bool flag(const std::string& name) const;
};

/// Parses with Boost.Program_options: no abbreviations, no option twice. Throws Error(usage) naming
/// the option and the nearest one.
[[nodiscard]] Arguments parse_arguments(const std::vector<Option>& options,
                                        const std::vector<std::string>& words,
                                        std::size_t max_positional);

/// The options grouped by section, with defaults.
[[nodiscard]] std::string help_text(const std::vector<Option>& options);

}  // namespace hourglass
