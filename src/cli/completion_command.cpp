#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

std::string bash_completion() {
  std::string names;
  std::string cases;
  for (const Command& command : commands()) {
    if (command.hidden) continue;
    names += (names.empty() ? "" : " ") + command.name;
    std::string options;
    for (const Option& option : command.options)
      options += (options.empty() ? "--" : " --") + option.name;
    cases += fmt::format("    {}) words=\"{}\" ;;\n", command.name, options);
  }
  return fmt::format(
      "# bash completion for hourglass, made by: hourglass completion bash\n"
      "_hourglass() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} words=\"\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{} help --help --version\" -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case ${{COMP_WORDS[1]}} in\n"
      "    help) words=\"{}\" ;;\n"
      "{}"
      "  esac\n"
      "  case $current in\n"
      "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
      "    *)\n"
      "      COMPREPLY=()\n"
      "      [ \"${{COMP_WORDS[1]}}\" = help ] && COMPREPLY=($(compgen -W \"$words\" -- "
      "\"$current\"))\n"
      "      ;;\n"
      "  esac\n"
      "}}\n"
      "complete -o default -F _hourglass hourglass\n",
      names, names, cases);
}

// Brackets and colons in a description are escaped, so that they do not end zsh's own.
std::string zsh_text(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '[' || letter == ']' || letter == ':' || letter == '\\') escaped += '\\';
    escaped += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  }
  return escaped;
}

std::string zsh_completion() {
  std::string list;
  std::string cases;
  for (const Command& command : commands()) {
    if (command.hidden) continue;
    list += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.summary));
    cases += fmt::format("    {})\n      _arguments", command.name);
    for (const Option& option : command.options) {
      cases += fmt::format(" \\\n        '--{}[{}]{}'", option.name, zsh_text(option.help),
                           option.flag ? "" : ":value:_files");
    }
    cases += " \\\n        '*:file:_files'\n      ;;\n";
  }
  return fmt::format(
      "#compdef hourglass\n"
      "# zsh completion for hourglass, made by: hourglass completion zsh\n"
      "_hourglass() {{\n"
      "  local -a commands=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case $command in\n{}  esac\n"
      "}}\n"
      "_hourglass \"$@\"\n",
      list, cases);
}

void run_completion(const Arguments& arguments) {
  const std::string shell = arguments.positional.empty() ? "" : arguments.positional.front();
  if (shell == "bash") {
    fmt::print("{}", bash_completion());
  } else if (shell == "zsh") {
    fmt::print("{}", zsh_completion());
  } else {
    throw Error(ErrorKind::usage, "name a shell: hourglass completion bash, or zsh");
  }
}

}  // namespace

Command completion_command() {
  return {"completion",
          "Print a shell completion script for bash or zsh",
          "hourglass completion bash|zsh",
          "bash: source <(hourglass completion bash), or write it to "
          "~/.local/share/bash-completion/completions/hourglass\nzsh:  hourglass completion zsh > "
          "a folder of $fpath/_hourglass\n",
          {{"help", "output", "Show this text", "", true}},
          1,
          false,
          run_completion};
}

}  // namespace hourglass
