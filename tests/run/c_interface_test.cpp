#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "hourglass/hourglass.h"
#include "hourglass/run/trained_model.hpp"
#include "run/servable_model.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 70;

class CInterfaceTest : public testing::Test {
 protected:
  CInterfaceTest() {
    write_servable_model(path_, "layers = 24,11,5\n");
    EXPECT_EQ(hourglass_load(path_.c_str(), &model_, nullptr, 0), HOURGLASS_OK)
        << hourglass_last_error();
  }
  ~CInterfaceTest() override { hourglass_free(model_); }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("model.h5");
  hourglass_model* model_ = nullptr;
  OwnedMatrix samples_ = byte_samples(rows, 24);
  std::vector<float> codes_ = std::vector<float>(rows * 5);
};

TEST_F(CInterfaceTest, encodes_decodes_and_reconstructs) {
  EXPECT_EQ(hourglass_inputs(model_), 24);
  EXPECT_EQ(hourglass_code_size(model_), 5);
  EXPECT_EQ(hourglass_outputs(model_), 24);
  EXPECT_EQ(hourglass_micro_batch(model_), 64);
  const float* x = samples_.values().data();
  ASSERT_EQ(hourglass_encode(model_, x, rows, codes_.data()), HOURGLASS_OK);
  const TrainedModel program = TrainedModel::load(path_);
  EXPECT_TRUE(std::ranges::equal(codes_, program.encode(samples_).values()));
  std::vector<float> outputs(rows * 24);
  ASSERT_EQ(hourglass_decode(model_, codes_.data(), rows, outputs.data()), HOURGLASS_OK);
  EXPECT_TRUE(std::ranges::equal(outputs, program.reconstruct(samples_).values()));
  std::vector<float> again(outputs.size());
  ASSERT_EQ(hourglass_reconstruct(model_, x, rows, again.data()), HOURGLASS_OK);
  EXPECT_EQ(again, outputs);
  const std::vector<double> wide(samples_.values().begin(), samples_.values().end());
  EXPECT_EQ(hourglass_encode_double(model_, wide.data(), rows, codes_.data()), HOURGLASS_OK);
  EXPECT_EQ(hourglass_reconstruct_double(model_, wide.data(), rows, again.data()), HOURGLASS_OK);
  EXPECT_EQ(hourglass_encode(model_, nullptr, 0, nullptr), HOURGLASS_OK) << "no samples";
  EXPECT_EQ(std::string(hourglass_version()).find_first_not_of("0123456789."), std::string::npos);
}

TEST_F(CInterfaceTest, tells_each_thread_what_went_wrong) {
  samples_(1, 2) = std::nanf("");
  const float* x = samples_.values().data();
  EXPECT_EQ(hourglass_encode(model_, x, rows, codes_.data()), HOURGLASS_DATA);
  EXPECT_STREQ(hourglass_last_error(), "row 1 of the samples holds a NaN or infinity (column 2)");
  std::thread([&] {
    EXPECT_STREQ(hourglass_last_error(), "");
    EXPECT_EQ(hourglass_encode(nullptr, x, rows, codes_.data()), HOURGLASS_USAGE);
    EXPECT_STREQ(hourglass_last_error(), "the model is NULL");
  }).join();
  EXPECT_STREQ(hourglass_last_error(), "row 1 of the samples holds a NaN or infinity (column 2)");
  EXPECT_EQ(hourglass_encode(model_, x, 1, nullptr), HOURGLASS_USAGE);
  EXPECT_STREQ(hourglass_last_error(), "the array to write is NULL");
  EXPECT_EQ(hourglass_encode(model_, x, std::numeric_limits<std::size_t>::max(), codes_.data()),
            HOURGLASS_USAGE);
  EXPECT_NE(std::string(hourglass_last_error()).find("address space"), std::string::npos);
}

TEST_F(CInterfaceTest, says_why_a_model_cannot_be_loaded) {
  std::array<char, 300> error{};
  hourglass_model* none = model_;
  const std::string missing = folder_.file("none.h5");
  EXPECT_EQ(hourglass_load(missing.c_str(), &none, error.data(), error.size()), HOURGLASS_IO);
  EXPECT_EQ(none, nullptr);
  EXPECT_STREQ(error.data(), hourglass_last_error());
  EXPECT_NE(std::strstr(error.data(), "none.h5"), nullptr);
  EXPECT_EQ(hourglass_load(missing.c_str(), &none, error.data(), 8), HOURGLASS_IO);
  EXPECT_EQ(std::strlen(error.data()), 7U) << "cut to the buffer";
  EXPECT_EQ(hourglass_load(nullptr, &none, error.data(), error.size()), HOURGLASS_USAGE);
  EXPECT_EQ(hourglass_load(path_.c_str(), nullptr, nullptr, 0), HOURGLASS_USAGE);
  hourglass_free(nullptr);
  EXPECT_EQ(hourglass_inputs(nullptr) + hourglass_code_size(nullptr) + hourglass_outputs(nullptr) +
                hourglass_micro_batch(nullptr) + hourglass_batch_invariant(nullptr),
            0);
}

}  // namespace
}  // namespace hourglass
