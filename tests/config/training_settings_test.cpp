#include "hourglass/config/training_settings.hpp"

#include <gtest/gtest.h>

#include "config/settings.hpp"
#include "hourglass/core/error.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

TEST(TrainingSettings, begin_with_the_programs_defaults) {
  EXPECT_EQ(TrainingSettings().to_text(), to_text(TrainConfig()));
  EXPECT_EQ(TrainingSettings::names().size(), train_settings().size());
  EXPECT_EQ(TrainingSettings::names().front(), "data");
}

TEST(TrainingSettings, take_text_numbers_and_bools) {
  TrainingSettings settings;
  settings.set("layers", "784,256,30").set("epochs", 5).set("tied", true);
  settings.set("learning-rate", 0.1).set("seed", 18446744073709551615U).set("memory", "100MiB");
  EXPECT_EQ(settings.get("layers"), "784,256,30");
  EXPECT_EQ(settings.get("epochs"), "5");
  EXPECT_EQ(settings.get("tied"), "true");
  EXPECT_EQ(settings.config().optimizer.name, TrainConfig().optimizer.name);
  EXPECT_EQ(settings.config().schedule.learning_rate, 0.1);
  EXPECT_EQ(settings.config().seed, 18446744073709551615U);
  EXPECT_EQ(settings.config().memory, Index{100} << 20);
}

TEST(TrainingSettings, refuse_unknown_names_and_impossible_values) {
  TrainingSettings settings;
  expect_error(ErrorKind::usage, "did you mean", [&] { settings.set("epoch", 5); });
  expect_error(ErrorKind::usage, "did you mean", [&] { static_cast<void>(settings.get("epoch")); });
  expect_error(ErrorKind::usage, "--epochs is '0.5'", [&] { settings.set("epochs", 0.5); });
  expect_error(ErrorKind::usage, "--tied is 'maybe'", [&] { settings.set("tied", "maybe"); });
  expect_error(ErrorKind::usage, "--data", [&] { settings.validate(); });
}

TEST(TrainingSettings, copies_are_independent) {
  TrainingSettings one;
  one.set("epochs", 3);
  TrainingSettings two = one;
  two.set("epochs", 4);
  EXPECT_EQ(one.get("epochs"), "3");
  one = two;
  one.set("epochs", 5);
  EXPECT_EQ(two.get("epochs"), "4");
}

TEST(TrainingSettings, a_file_is_read_as_a_whole_or_not_at_all) {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.cfg");
  TrainingSettings written;
  written.set("layers", "4,2").set("batch", 256);
  io_test::write_bytes(path, written.to_text());
  TrainingSettings settings;
  EXPECT_EQ(settings.read(path).to_text(), written.to_text());

  io_test::write_bytes(path, "batch = 512\nepoch = 3\n");
  expect_error(ErrorKind::usage, "line 2", [&] { settings.read(path); });
  EXPECT_EQ(settings.to_text(), written.to_text());
  expect_error(ErrorKind::io, "none.cfg", [&] { settings.read(folder.file("none.cfg")); });
}

}  // namespace
}  // namespace hourglass
