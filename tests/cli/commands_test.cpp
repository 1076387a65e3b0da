#include "cli/commands.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

TEST(Commands, have_names_summaries_and_options_that_differ) {
  std::set<std::string> names;
  for (const Command& command : commands()) {
    SCOPED_TRACE(command.name);
    EXPECT_TRUE(names.insert(command.name).second);
    EXPECT_FALSE(command.summary.empty());
    EXPECT_FALSE(command.summary.ends_with('.')) << "it is a title";
    EXPECT_NE(command.run, nullptr);
    EXPECT_NE(command.usage.find("hourglass " + command.name), std::string::npos) << command.usage;
    std::set<std::string> options;
    for (const Option& option : command.options)
      EXPECT_TRUE(options.insert(option.name).second) << option.name;
    EXPECT_TRUE(command.hidden || options.contains("help"));
    for (const std::string& option : command.memory_options)
      EXPECT_TRUE(options.contains(option)) << option;
    EXPECT_TRUE(command.details.empty() || command.details.ends_with('\n'));
  }
}

TEST(Commands, are_found_by_name_or_refused_with_the_nearest) {
  const auto all = commands();
  EXPECT_EQ(find_command(all, "train").name, "train");
  EXPECT_EQ(find_command(all, "scale-worker").name, "scale-worker");
  expect_error(ErrorKind::usage, "unknown command 'trian'; did you mean 'train'?",
               [&] { static_cast<void>(find_command(all, "trian")); });
  expect_error(ErrorKind::usage, "unknown command 'xyzzy'; see hourglass --help",
               [&] { static_cast<void>(find_command(all, "xyzzy")); });
}

TEST(Commands, help_lists_all_but_the_hidden_ones) {
  const std::string text = program_help();
  for (const Command& command : commands()) {
    const bool listed = text.find("\n  " + command.name + " ") != std::string::npos;
    EXPECT_EQ(listed, !command.hidden) << command.name;
    const std::string own = command_help(command);
    EXPECT_TRUE(own.starts_with(command.summary + "\n\nusage: " + command.usage)) << own;
    for (const Option& option : command.options)
      EXPECT_NE(own.find("--" + option.name), std::string::npos) << option.name;
  }
}

}  // namespace
}  // namespace hourglass
