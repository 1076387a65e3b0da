#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace hourglass {

/// All subcommands, in the order of --help.
[[nodiscard]] std::vector<Command> commands();

/// The command of that name, hidden ones too. Throws Error(usage) with the nearest name.
[[nodiscard]] const Command& find_command(const std::vector<Command>& all, const std::string& name);

/// The output of `hourglass --help`.
[[nodiscard]] std::string program_help();

/// The output of `hourglass COMMAND --help`.
[[nodiscard]] std::string command_help(const Command& command);

}  // namespace hourglass
