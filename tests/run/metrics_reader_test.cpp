#include "run/metrics_reader.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "hourglass/core/error.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

TEST(MetricsReader, reads_what_was_written) {
  const TemporaryFolder folder;
  MetricsRecord record;
  record.kind = "epoch";
  record.epoch = 2;
  record.step = 118;
  record.loss = 0.125;
  record.sse = 98;
  record.validation_sse = 90.5;
  record.learning_rate = 1e-3;
  record.resident_bytes = 1 << 20;
  record.unit_kl = {0.5, 0.001};
  record.validation_unit_kl = {0.25, 0.125};
  std::ofstream(folder.file("m.jsonl")) << to_json_line(record) << "\n"
                                        << R"({"kind":"step","half)";
  const auto read = read_metrics(folder.file("m.jsonl"));
  ASSERT_EQ(read.size(), 1U);  // the line without its end does not count
  EXPECT_EQ(to_json_line(read[0]), to_json_line(record));
}

TEST(MetricsReader, names_the_line_that_is_no_record) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("m.jsonl")) << "{}\n";
  try {
    static_cast<void>(read_metrics(folder.file("m.jsonl")));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data);
    EXPECT_NE(std::string(error.what()).find("line 1"), std::string::npos);
  }
  EXPECT_THROW(static_cast<void>(read_metrics(folder.file("none.jsonl"))), Error);
}

}  // namespace
}  // namespace hourglass
