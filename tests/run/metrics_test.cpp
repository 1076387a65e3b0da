#include "run/metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "hourglass/comm/communicator.hpp"

namespace hourglass {
namespace {

std::string temporary_path(const std::string& name) {
  return (std::filesystem::temp_directory_path() /
          ("hourglass_" + std::to_string(getpid()) + "_" + name))
      .string();
}

TEST(Metrics, line_has_the_documented_keys_and_no_nan) {
  MetricsRecord record;
  record.kind = "step";
  record.loss = std::nan("");
  const auto json = nlohmann::json::parse(to_json_line(record));
  for (const char* key :
       {"kind", "phase", "layer", "epoch", "step", "loss", "sse", "validation_sse", "learning_rate",
        "gradient_norm", "samples_per_second", "seconds_compute", "seconds_exchange_exposed",
        "seconds_input_wait", "seconds_checkpoint", "seconds_verify", "resident_bytes"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json["phase"], "train");
  EXPECT_TRUE(json["layer"].is_null());
  EXPECT_TRUE(json["loss"].is_null());
  EXPECT_TRUE(json["validation_sse"].is_null());
}

TEST(Metrics, resumed_file_drops_later_and_torn_records) {
  const std::string path = temporary_path("metrics.jsonl");
  {
    MetricsFile file(path, 0);
    for (Index step = 1; step <= 5; ++step) {
      MetricsRecord record;
      record.kind = "step";
      record.step = step;
      file.write(record);
    }
  }
  std::ofstream(path, std::ios::app) << "{\"kind\": \"st";
  {
    MetricsFile file(path, 3);
    MetricsRecord record;
    record.step = 4;
    file.write(record);
  }
  std::ifstream stream(path);
  std::vector<Index> steps;
  for (std::string line; std::getline(stream, line);)
    steps.push_back(nlohmann::json::parse(line)["step"]);
  EXPECT_EQ(steps, (std::vector<Index>{1, 2, 3, 4}));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace hourglass
