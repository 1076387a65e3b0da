#include "engine/arithmetic.hpp"

#include <gtest/gtest.h>

#include <string>

#include "config/config.hpp"
#include "core/layout.hpp"
#include "hourglass/comm/communicator.hpp"
#include "math/blas.hpp"
#include "math/onednn.hpp"
#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

Layout small_layout() {
  Layout layout;
  layout.add("encoder/0/weight", {3, 5});
  layout.add("encoder/0/bias", {3});
  return layout;
}

class ArithmeticTest : public testing::Test {
 protected:
  void TearDown() override { use_onednn_for_gemm(false); }

  Communicator world_ = Communicator::world();
  Layout layout_ = small_layout();
  TrainConfig config_;
};

TEST_F(ArithmeticTest, openblas_in_single_precision_is_always_there) {
  EXPECT_NO_THROW(prepare_arithmetic(world_, config_, layout_));
  EXPECT_EQ(arithmetic_description(config_.arithmetic), blas_version() + " " + blas_core());
}

TEST_F(ArithmeticTest, description_names_every_library_that_decides_bits) {
  for (const bool half : {false, true}) {
    config_.arithmetic = {};
    if (half) {
      config_.arithmetic.precision = Precision::bf16;
    } else {
      config_.arithmetic.gemm = GemmLibrary::onednn;
    }
    const std::string text = arithmetic_description(config_.arithmetic);
    EXPECT_NE(text.find(blas_version()), std::string::npos) << text;
    EXPECT_NE(text.find(onednn_description()), std::string::npos) << text;
  }
}

TEST_F(ArithmeticTest, missing_onednn_is_one_error_everywhere) {
  if (has_onednn()) GTEST_SKIP() << "this build has oneDNN";
  config_.arithmetic.gemm = GemmLibrary::onednn;
  expect_error(ErrorKind::usage, "--gemm onednn: this build has no oneDNN",
               [&] { prepare_arithmetic(world_, config_, layout_); });
  config_.arithmetic = {};
  config_.arithmetic.precision = Precision::bf16;
  expect_error(ErrorKind::usage, "--precision bf16: this build has no oneDNN",
               [&] { prepare_arithmetic(world_, config_, layout_); });
}

TEST_F(ArithmeticTest, onednn_multiplies_as_openblas_does) {
  if (!has_onednn()) GTEST_SKIP() << "this build has no oneDNN";
  config_.arithmetic.gemm = GemmLibrary::onednn;
  prepare_arithmetic(world_, config_, layout_);
  const float a[] = {1, 2, 3, 4, 5, 6};
  const float b[] = {1, 0, 2, 1, 0, 3};
  float c[4] = {};
  gemm(false, true, ConstMatrix(a, 2, 3), ConstMatrix(b, 2, 3), 0, Matrix(c, 2, 2));
  EXPECT_EQ(c[0], 7);
  EXPECT_EQ(c[1], 10);
  EXPECT_EQ(c[2], 16);
  EXPECT_EQ(c[3], 22);
}

TEST_F(ArithmeticTest, bf16_is_refused_with_advice_where_it_does_not_pay) {
  if (!has_onednn()) GTEST_SKIP() << "this build has no oneDNN";
  config_.arithmetic.precision = Precision::bf16;
  // A layer of 3 x 5 may be faster or slower; without the instructions it never pays.
  try {
    prepare_arithmetic(world_, config_, layout_);
    EXPECT_TRUE(cpu_multiplies_bfloat16());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("--force-precision"), std::string::npos)
        << error.what();
  }
  if (!cpu_multiplies_bfloat16()) return;
  config_.arithmetic.force_precision = true;
  EXPECT_NO_THROW(prepare_arithmetic(world_, config_, layout_));
}

}  // namespace
}  // namespace hourglass
