#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "config/settings.hpp"
#include "core/exit_codes.hpp"
#include "run/version.hpp"

namespace hourglass {
namespace {

// What troff would take for its own: backslashes, hyphens, and dots and quotes at the beginning of
// a line.
std::string roff(const std::string& text) {
  std::string escaped;
  bool line_begins = true;
  for (const char letter : text) {
    if (line_begins && (letter == '.' || letter == '\'')) escaped += "\\&";
    if (letter == '\\') {
      escaped += "\\e";
    } else if (letter == '-') {
      escaped += "\\-";
    } else {
      escaped += letter;
    }
    line_begins = letter == '\n';
  }
  return escaped;
}

std::string roff_options(const std::vector<Option>& options) {
  std::string text;
  for (const Option& option : options) {
    text += fmt::format(".TP\n\\fB\\-\\-{}\\fR{}\n{}{}\n", roff(option.name),
                        option.flag ? "" : " \\fIVALUE\\fR", roff(option.help),
                        option.standard.empty() ? "" : fmt::format(" [{}]", roff(option.standard)));
  }
  return text;
}

std::string man_page() {
  std::string text = fmt::format(
      ".TH HOURGLASS 1 \"\" \"{}\" \"User Commands\"\n.SH NAME\nhourglass \\- trains autoencoders "
      "on MPI clusters\n.SH "
      "SYNOPSIS\n"
      ".B hourglass\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.br\n.B mpirun \\-n\n\\fIRANKS\\fR "
      "\\fBhourglass\\fR \\fICOMMAND\\fR "
      "[\\fIOPTIONS\\fR]\n.SH DESCRIPTION\nThe trained weights are the same, bit for bit, on any "
      "number of ranks and threads, "
      "and over any "
      "stop and resume.\n.SH COMMANDS\n",
      roff(version()));
  for (const Command& command : commands()) {
    if (command.hidden) continue;
    text += fmt::format(".SS {}\n{}.\n.PP\n.nf\n{}\n.fi\n{}", roff(command.name),
                        roff(command.summary), roff(command.usage), roff_options(command.options));
    if (!command.details.empty())
      text += fmt::format(".PP\n.nf\n{}\n.fi\n",
                          roff(command.details.substr(0, command.details.size() - 1)));
  }
  text += fmt::format(".SH EXIT STATUS\n.TP\n.B 0\n{}\n", success_meaning);
  for (const ExitCode& row : exit_codes)
    text += fmt::format(".TP\n.B {}\n{}\n", row.code(), roff(std::string(row.meaning)));
  return text;
}

std::string cell(std::string text) {
  for (std::size_t i = 0; (i = text.find('|', i)) != std::string::npos; i += 2)
    text.insert(i, "\\");
  return text;
}

// The settings of a run, then the options of each command.
std::string reference() {
  std::string text =
      "# Configuration\n\n"
      "Made by `hourglass man --markdown > docs/configuration.md` from the table that the program "
      "itself reads; a test keeps "
      "it current.\n\n"
      "Every setting of a run has one name: `--name VALUE` on the command line, `name = VALUE` in "
      "a file (`--config`), whose "
      "sections are only for\n"
      "the reader. The command line wins over the file, the file over the default. A *fixed* "
      "setting shapes the weights: a "
      "resumed run keeps it.\n\n"
      "## Settings of a run\n";
  const TrainConfig standard;
  std::string section;
  for (const Setting& setting : train_settings()) {
    if (setting.section != section) {
      section = setting.section;
      text += fmt::format(
          "\n### {}\n\n| setting | default | meaning | on resume |\n|---|---|---|---|\n", section);
    }
    const std::string value = setting.get(standard);
    text += fmt::format("| `{}` | {} | {} | {} |\n", setting.name,
                        value.empty() ? "" : fmt::format("`{}`", cell(value)), cell(setting.help),
                        setting.scope == Scope::run ? "free" : "fixed");
  }
  text += "\n## Commands\n";
  for (const Command& command : commands()) {
    if (command.hidden) continue;
    text += fmt::format(
        "\n### {}\n\n{}.\n\n```\n{}\n```\n\n| option | default | meaning |\n|---|---|---|\n",
        command.name, command.summary, command.usage);
    for (const Option& option : command.options) {
      const auto& settings = train_settings();
      const bool setting =
          command.name == "train" &&
          std::ranges::any_of(settings, [&](const Setting& s) { return s.name == option.name; });
      if (setting || option.name == "help") continue;
      text += fmt::format("| `--{}` | {} | {} |\n", option.name, cell(option.standard),
                          cell(option.help));
    }
    if (command.name == "train") text += "\nand every setting above.\n";
  }
  return text;
}

void run_man(const Arguments& arguments) {
  fmt::print("{}", arguments.flag("markdown") ? reference() : man_page());
}

}  // namespace

Command man_command() {
  return {"man",
          "Print the manual page, or all settings and options as Markdown",
          "hourglass man [--markdown]",
          "hourglass man | man -l -      shows it\n",
          {{"markdown", "output", "docs/configuration.md", "", true},
           {"help", "output", "Show this text", "", true}},
          0,
          false,
          run_man};
}

}  // namespace hourglass
