#include "config/penalty_schedules.hpp"

#include <gtest/gtest.h>

#include "config/settings.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(PenaltySchedules, epochs_become_steps) {
  EXPECT_EQ(weight_ramp(parse_warmup("beta-warmup", "10epochs"), 2, 30).steps, 300);
  EXPECT_EQ(weight_ramp(parse_warmup("beta-warmup", "7steps"), 2, 30).steps, 7);
  EXPECT_EQ(weight_ramp(parse_warmup("beta-warmup", "7steps"), 2, 30).cycles, 2);
  EXPECT_EQ(weight_ramp(parse_warmup("beta-warmup", "99999999999999999999epochs"), 1, 30).steps,
            Index{1} << 62);
}

TEST(PenaltySchedules, texts_read_back) {
  for (const char* text : {"0", "10epochs", "2000steps"})
    EXPECT_EQ(format_warmup(parse_warmup("beta-warmup", text)), text);
  EXPECT_EQ(format_warmup(parse_warmup("beta-warmup", "1epoch")), "1epochs");
}

TEST(PenaltySchedules, numbers_need_a_unit) {
  for (const char* text : {"10", "2.", "", "5s", "0.5epochs", "-1epochs", "epochs"}) {
    EXPECT_THROW(static_cast<void>(parse_warmup("beta-warmup", text)), Error) << text;
  }
}

TEST(PenaltySchedules, out_of_range_or_contradictory_are_refused) {
  const std::string run = "data = d.h5:/x\nlayers = 8,4\noutput = o\n";
  const auto refused = [&](const std::string& settings, const std::string& name) {
    TrainConfig config;
    apply_text(run + settings, "test", config);
    try {
      validate(config);
      ADD_FAILURE() << settings;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
  };
  refused("variational = true\nbeta-cycles = 0\n", "--beta-cycles");
  refused("variational = true\noptimizer = lbfgs\nbeta-warmup = 2epochs\n", "--beta-warmup");
  refused("l1 = 1\noptimizer = lbfgs\nl1-warmup = 2epochs\n", "--l1-warmup");
  refused("predictive = true\noutput-activation = linear\nl1 = 1\nl1-warmup = 2epochs\n",
          "--l1-warmup");
}

}  // namespace
}  // namespace hourglass
