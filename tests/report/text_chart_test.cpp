#include "report/text_chart.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(TextChart, text_chart_puts_extremes_in_the_corners) {
  LineChart chart;
  chart.title = "Error";
  chart.series = {{"training", {{0, 4}, {1, 2}}, SeriesStyle::line, std::nullopt}};
  const std::string text = text_chart(chart, 40, 5);
  EXPECT_NE(text.find("4 |*"), std::string::npos);
  EXPECT_NE(text.find("* training"), std::string::npos);
  EXPECT_NE(text_chart(LineChart{}, 40, 5).find("nothing to show"), std::string::npos);
}

}  // namespace
}  // namespace hourglass
