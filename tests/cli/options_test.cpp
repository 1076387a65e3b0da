#include "cli/options.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

const std::vector<Option> options = {
    {"ranks", "run", "Number of ranks", "1"},
    {"rate", "run", "A number", "0.5"},
    {"compress", "output", "A level; alone 4", "", true},
    {"json", "output", "Print JSON", "", true},
    {"set", "output", "Repeats", "", false, true},
};

Arguments parse(const std::vector<std::string>& words, std::size_t most = 0) {
  return parse_arguments(options, words, most);
}

TEST(Options, values_follow_their_name_or_an_equals_sign) {
  EXPECT_EQ(parse({"--ranks", "4"}).get("ranks"), "4");
  EXPECT_EQ(parse({"--ranks=4"}).get("ranks"), "4");
  EXPECT_EQ(parse({"--rate", "-1"}).get("rate"), "-1");
  EXPECT_EQ(parse({}).get("ranks", "7"), "7");
  EXPECT_FALSE(parse({}).has("ranks"));
}

TEST(Options, flags_take_a_value_only_when_it_is_one) {
  EXPECT_TRUE(parse({"--json"}).flag("json"));
  EXPECT_TRUE(parse({"--json", "true"}).flag("json"));
  EXPECT_FALSE(parse({"--json", "false"}).flag("json"));
  EXPECT_FALSE(parse({"--json=false"}).flag("json"));
  const Arguments arguments = parse({"--json", "file.h5"}, 1);
  EXPECT_TRUE(arguments.flag("json"));
  EXPECT_EQ(arguments.positional, std::vector<std::string>{"file.h5"});
  expect_error(ErrorKind::usage, "--json is 'maybe'",
               [] { static_cast<void>(parse({"--json=maybe"}).flag("json")); });
}

TEST(Options, a_flag_may_stand_for_a_number) {
  const auto level = [](const std::vector<std::string>& words) {
    return parse(words).flag_or_integer("compress", 4, 0, 9);
  };
  EXPECT_EQ(level({}), 0);
  EXPECT_EQ(level({"--compress"}), 4);
  EXPECT_EQ(level({"--compress", "9"}), 9);
  expect_error(ErrorKind::usage, "0 to 9", [&] { static_cast<void>(level({"--compress", "10"})); });
}

TEST(Options, those_that_repeat_are_lists) {
  const Arguments arguments = parse({"--set", "a=1", "--set=b=2"});
  EXPECT_EQ(arguments.lists.at("set"), (std::vector<std::string>{"a=1", "b=2"}));
}

TEST(Options, what_follows_two_dashes_is_positional) {
  const Arguments arguments = parse({"--ranks", "2", "--", "--rate", "3", "--json"}, 10);
  EXPECT_EQ(arguments.positional, (std::vector<std::string>{"--rate", "3", "--json"}));
  EXPECT_FALSE(arguments.has("rate"));
}

TEST(Options, refuse_what_is_unknown_repeated_or_malformed) {
  const auto refused = [](const std::vector<std::string>& words, const std::string& message) {
    expect_error(ErrorKind::usage, message, [&] { parse(words); });
  };
  refused({"--rank", "2"}, "unknown option --rank; did you mean '--ranks'?");
  refused({"--rank=2"}, "unknown option --rank;");
  refused({"--ranks", "2", "--ranks", "3"}, "--ranks is given twice");
  refused({"--json", "--json"}, "--json is given twice");
  refused({"ranks", "2"}, "unexpected 'ranks': options begin with --");
  refused({"--ranks"}, "--ranks: a value is missing or malformed");
  refused({"-r", "2"}, "-r");
}

TEST(Options, numbers_are_checked_when_they_are_read) {
  EXPECT_EQ(parse({"--ranks", "4"}).integer("ranks", 1, 1), 4);
  EXPECT_EQ(parse({}).integer("ranks", 3, 1), 3);
  EXPECT_EQ(parse({"--rate", "1e-3"}).number("rate", 0), 1e-3);
  for (const char* text : {"0", "4.5", "4x", "-1", "99999999999999999999"}) {
    expect_error(ErrorKind::usage, "a whole number of at least 1", [&] {
      static_cast<void>(parse({std::string("--ranks=") + text}).integer("ranks", 1, 1));
    });
  }
  for (const char* text : {"x", "1e400", "inf", "nan", "1 2"}) {
    expect_error(ErrorKind::usage, "a number is expected", [&] {
      static_cast<void>(parse({std::string("--rate=") + text}).number("rate", 0));
    });
  }
}

TEST(Options, required_ones_must_have_a_value) {
  EXPECT_EQ(parse({"--ranks", "4"}).required("ranks"), "4");
  expect_error(ErrorKind::usage, "--ranks is missing",
               [&] { static_cast<void>(parse({}).required("ranks")); });
  expect_error(ErrorKind::usage, "--ranks: a value is missing",
               [&] { static_cast<void>(parse({"--ranks="})); });
}

TEST(Options, help_groups_them_with_their_defaults) {
  const std::string text = help_text(options);
  EXPECT_LT(text.find("run:"), text.find("output:"));
  EXPECT_NE(text.find("--ranks VALUE"), std::string::npos) << text;
  EXPECT_NE(text.find("Number of ranks [1]"), std::string::npos) << text;
  EXPECT_NE(text.find("Print JSON\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace hourglass
