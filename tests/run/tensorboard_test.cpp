#include "run/tensorboard.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <limits>
#include <map>

#include "run/run_example.hpp"
#include "support/file_bytes.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::read_bytes;
using run_test::example_config;

/// Every record of a folder's event files, with its checksums verified.
std::vector<std::string> records_in(const std::string& folder) {
  std::vector<std::string> records;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string bytes = read_bytes(entry.path().string());
    for (std::size_t at = 0; at + 12 <= bytes.size();) {
      std::uint64_t length = 0;
      std::memcpy(&length, bytes.data() + at, sizeof length);
      records.push_back(bytes.substr(at + 12, length));
      at += 16 + length;
    }
  }
  return records;
}

class TensorBoardTest : public testing::Test {
 protected:
  [[nodiscard]] Index count(const std::string& tag) const {
    Index found = 0;
    for (const std::string& record : records_in(folder_.file("events")))
      found += record.find(tag) != std::string::npos ? 1 : 0;
    return found;
  }

  void write(const std::string& kind, Index step) {
    MetricsRecord record;
    record.kind = kind;
    record.step = step;
    board_.write(record, parameters_);
  }

  TemporaryFolder folder_;
  Autoencoder model_{example_config("").model};
  DatasetReader samples_{
      write_dataset(folder_.file("data.h5"), {20, 6}, std::vector<float>(120, 0.5F))};
  InputTransform transform_;
  std::vector<float> parameters_ =
      std::vector<float>(static_cast<std::size_t>(model_.layout().size()), 0.1F);
  TensorBoard board_{folder_.file("events"), 0, model_, samples_, transform_};
};

TEST_F(TensorBoardTest, a_step_is_its_numbers) {
  write("step", 7);
  for (const char* tag : {"step/loss", "step/sse", "step/learning_rate", "step/gradient_norm",
                          "step/samples_per_second", "step/resident_bytes"})
    EXPECT_EQ(count(tag), 1) << tag;
  EXPECT_EQ(count("step/validation_sse"), 0) << "there is none";
  EXPECT_EQ(count("parameters/"), 0);
}

TEST_F(TensorBoardTest, variational_runs_have_divergences) {
  MetricsRecord record;
  record.kind = "step";
  record.unit_kl = {0.5, 0};
  record.validation_unit_kl = {0.25, 0.5};
  board_.write(record, parameters_);
  for (const char* tag : {"step/kl", "step/units_used", "step/unit_kl", "step/validation_kl",
                          "step/validation_units_used", "step/validation_unit_kl"})
    EXPECT_EQ(count(tag), 1) << tag;
}

TEST_F(TensorBoardTest, there_is_no_fraction_of_a_variance_of_0) {
  MetricsRecord record;
  record.kind = "step";
  record.sparse_use.emplace().units = 4;
  record.sparse_use->unexplained = std::numeric_limits<double>::quiet_NaN();
  board_.write(record, parameters_);
  EXPECT_EQ(count("step/l0"), 1);
  EXPECT_EQ(count("step/fvu"), 0);
}

TEST_F(TensorBoardTest, an_epoch_also_shows_parameters_codes_and_samples) {
  write("epoch", 7);
  write("epoch", 14);
  EXPECT_EQ(count("epoch/loss"), 2);
  for (const Tensor& tensor : model_.layout().tensors())
    EXPECT_EQ(count("parameters/" + tensor.name), 2) << tensor.name;
  EXPECT_EQ(count("codes"), 2);
  EXPECT_EQ(count("samples above reconstructions"), 2);
  EXPECT_EQ(count("\x89PNG"), 2);
}

}  // namespace
}  // namespace hourglass
