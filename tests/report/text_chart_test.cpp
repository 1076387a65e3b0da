#include "report/text_chart.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

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

TEST(TextChart, draws_every_finite_point_with_the_mark_of_its_series) {
  LineChart chart;
  chart.series = {{"a", {{0, 0}, {1, 1}, {2, std::nan("")}}, SeriesStyle::line, std::nullopt},
                  {"b", {{1, 0}}, SeriesStyle::line, std::nullopt}};
  const std::string text = text_chart(chart, 32, 3);
  EXPECT_NE(text.find("* a   o b"), std::string::npos);
  const std::string plot = text.substr(text.find('\n') + 1);
  EXPECT_EQ(std::count(plot.begin(), plot.end(), '*'), 2);
  EXPECT_EQ(std::count(plot.begin(), plot.end(), 'o'), 1);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 6) << "title, three lines, axis, ends";
}

}  // namespace
}  // namespace hourglass
