#include "cli/memory_advice.hpp"

#include <gtest/gtest.h>

#include "cli/commands.hpp"
#include "support/file_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

/// The message that `hourglass COMMAND WORDS` prints on `ranks` ranks when memory is short.
std::string message(const std::string& name, const std::vector<std::string>& words, int ranks = 1) {
  const auto all = commands();
  const Command& command = find_command(all, name);
  const Arguments arguments = parse_arguments(command.options, words, command.max_positional);
  const Error error(ErrorKind::io, "out of memory: cannot allocate 7 MiB", Reach::everywhere);
  const Error advised = with_memory_advice(error, command, arguments, ranks);
  EXPECT_EQ(advised.kind(), error.kind());
  EXPECT_EQ(advised.reach(), error.reach());
  const std::string text = advised.what();
  EXPECT_TRUE(text.starts_with(error.what())) << text;
  return text.substr(std::string(error.what()).size());
}

TEST(MemoryAdvice, names_what_can_still_be_lowered) {
  EXPECT_EQ(message("train", {}),
            "; use more ranks, a smaller --micro-batch or a smaller --memory");
  EXPECT_EQ(message("train", {"--threads", "4"}),
            "; use more ranks, fewer --threads, a smaller --micro-batch or a smaller --memory");
  EXPECT_EQ(message("train", {"--memory", "0"}), "; use more ranks or a smaller --micro-batch");
  EXPECT_EQ(message("train", {"--memory", "4GiB", "--micro-batch", "1"}),
            "; use more ranks or a smaller --memory");
}

TEST(MemoryAdvice, proposes_ranks_only_while_there_are_shards_for_them) {
  EXPECT_EQ(message("train", {"--batch", "64", "--micro-batch", "32"}, 2),
            "; use a smaller --micro-batch or a smaller --memory");
  EXPECT_EQ(message("train", {"--batch", "2", "--micro-batch", "1", "--memory", "0"}, 2),
            "; use a machine with more");
}

TEST(MemoryAdvice, leaves_alone_what_a_resumed_run_keeps) {
  EXPECT_EQ(message("train", {"--resume", "run"}), "; use more ranks or a smaller --memory");
}

TEST(MemoryAdvice, reads_the_settings_of_a_file) {
  const TemporaryFolder folder;
  io_test::write_bytes(folder.file("c.cfg"), "memory = 0\nthreads = 3\nmicro-batch = 1\n");
  EXPECT_EQ(message("train", {"--config", folder.file("c.cfg")}),
            "; use more ranks or fewer --threads");
}

TEST(MemoryAdvice, names_options_that_the_command_has) {
  EXPECT_EQ(message("pca", {}), "; use a machine with more");
  EXPECT_EQ(message("pca", {"--threads", "4"}), "; use fewer --threads");
  EXPECT_EQ(message("evaluate", {"--micro-batch", "8"}),
            "; use more ranks or a smaller --micro-batch");
  for (const Command& command : commands()) {
    const std::string text = message(command.name, {});
    for (const char* option : {"threads", "micro-batch", "memory"}) {
      const bool has =
          std::ranges::find(command.options, option, &Option::name) != command.options.end();
      if (has) continue;
      EXPECT_EQ(text.find(std::string("--") + option), std::string::npos) << command.name;
    }
  }
}

TEST(MemoryAdvice, is_for_want_of_memory_alone) {
  const auto all = commands();
  const Error other(ErrorKind::io, "the disk is full");
  EXPECT_STREQ(with_memory_advice(other, find_command(all, "train"), {}, 1).what(),
               "the disk is full");
}

}  // namespace
}  // namespace hourglass
