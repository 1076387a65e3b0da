#include "run/metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

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

TEST(Metrics, lines_of_variational_runs_have_the_divergences_of_units) {
  MetricsRecord record;
  EXPECT_FALSE(nlohmann::json::parse(to_json_line(record)).contains("kl"));
  record.unit_kl = {0.5, 0.001, 0.25};
  const auto json = nlohmann::json::parse(to_json_line(record));
  EXPECT_EQ(json["kl"], 0.751);
  EXPECT_EQ(json["units_used"], 2);
  EXPECT_EQ(json["unit_kl"].size(), 3U);
  EXPECT_FALSE(json.contains("validation_kl"));
  record.validation_unit_kl = {0, 0, 1};
  EXPECT_EQ(nlohmann::json::parse(to_json_line(record))["validation_units_used"], 1);
}

TEST(Metrics, lines_of_sparse_codes_tell_of_their_use) {
  MetricsRecord record;
  EXPECT_FALSE(nlohmann::json::parse(to_json_line(record)).contains("l0"));
  record.sparse_use = SparseUse{3.5, 40, 10, 1000, 0.25, {}, {}, {}};
  auto json = nlohmann::json::parse(to_json_line(record));
  EXPECT_EQ(json["l0"], 3.5);
  EXPECT_EQ(json["fvu"], 0.25);
  EXPECT_EQ(json["dead_share"], 0.25);
  EXPECT_FALSE(json.contains("use_histogram"));
  EXPECT_FALSE(json.contains("validation_fvu"));
  record.sparse_use->use_histogram = {1, 2, 0, 0, 0, 0, 7, 30};
  record.sparse_use->validation_unexplained = 0.5;
  record.sparse_use->nearest_cosine = 0.75;
  json = nlohmann::json::parse(to_json_line(record));
  EXPECT_EQ(json["use_histogram"][6], 7);
  EXPECT_EQ(json["validation_fvu"], 0.5);
  EXPECT_EQ(json["nearest_cosine"], 0.75);
}

TEST(Metrics, table_has_a_column_for_each_unit) {
  const std::string path = temporary_path("units.jsonl");
  MetricsRecord example;
  example.unit_kl = {0, 0};
  example.validation_unit_kl = {0, 0};
  const auto write = [&](Index step, bool validates) {
    MetricsFile file(path, step - 1, example);
    MetricsRecord record;
    record.kind = validates ? "epoch" : "step";
    record.step = step;
    record.unit_kl = {0.5, 0.001};
    if (validates) record.validation_unit_kl = {0.25, 0.125};
    record.seconds_verify = 7;
    file.write(record);
  };
  write(1, false);
  write(2, true);
  std::ifstream stream(std::filesystem::path(path).replace_extension(".csv"));
  std::vector<std::vector<std::string>> lines;
  for (std::string line; std::getline(stream, line);) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == ',') {
        cells.emplace_back();
      } else {
        cells.back() += c;
      }
    }
    lines.push_back(cells);
  }
  ASSERT_EQ(lines.size(), 3U);
  const auto cell = [&](std::size_t line, const std::string& column) {
    const auto place = std::ranges::find(lines[0], column);
    EXPECT_NE(place, lines[0].end()) << column;
    EXPECT_EQ(lines[line].size(), lines[0].size());
    return lines[line].at(static_cast<std::size_t>(place - lines[0].begin()));
  };
  EXPECT_EQ(cell(1, "unit_kl_1"), "0.001");
  EXPECT_EQ(cell(1, "units_used"), "1");
  EXPECT_EQ(cell(1, "validation_unit_kl_0"), "");
  EXPECT_EQ(cell(1, "seconds_verify"), "7.0");
  EXPECT_EQ(cell(2, "validation_unit_kl_0"), "0.25");
  EXPECT_EQ(cell(2, "validation_units_used"), "2");
  EXPECT_EQ(cell(2, "kind"), "epoch");
  std::filesystem::remove(path);
  std::filesystem::remove(std::filesystem::path(path).replace_extension(".csv"));
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
