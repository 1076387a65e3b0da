#include "report/scaling_report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "hourglass/core/error.hpp"
#include "report/made_study.hpp"

namespace hourglass {
namespace {

TEST(MakeScalingReport, writes_page_table_and_pictures) {
  const ScalingReport report = make_scaling_report({made_study(true), made_study(false)});
  EXPECT_NE(report.html.find("Weak scaling"), std::string::npos);
  EXPECT_NE(report.html.find("Strong scaling"), std::string::npos);
  EXPECT_EQ(report.html.find("nan"), std::string::npos);
  EXPECT_EQ(std::count(report.csv.begin(), report.csv.end(), '\n'), 9);
  ASSERT_EQ(report.pictures.size(), 12U);
  std::set<std::string> names;
  for (const auto& [name, svg] : report.pictures) {
    names.insert(name);
    EXPECT_TRUE(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    EXPECT_NE(report.html.find(svg), std::string::npos) << name << " is on the page as well";
  }
  EXPECT_EQ(names.size(), 12U);
  EXPECT_TRUE(names.contains("speedup-1") && names.contains("network-8-2"));
  ScalingStudy empty = made_study(true);
  empty.repetitions.clear();
  EXPECT_THROW(static_cast<void>(make_scaling_report({empty})), Error);
}

TEST(MakeScalingReport, counts_a_measurement_once) {
  const ScalingReport once = make_scaling_report({made_study(true)});
  EXPECT_EQ(once.repeated, 0);
  const ScalingReport twice = make_scaling_report({made_study(true), made_study(true)});
  EXPECT_EQ(twice.repeated, 12);
  EXPECT_EQ(twice.csv, once.csv);
  EXPECT_EQ(twice.html, once.html);
}

TEST(MakeScalingReport, joins_the_files_of_one_study) {
  ScalingStudy small = made_study(true);
  ScalingStudy large = made_study(true);
  std::erase_if(small.repetitions, [](const auto& r) { return r.point.ranks > 2; });
  std::erase_if(large.repetitions, [](const auto& r) { return r.point.ranks <= 2; });
  EXPECT_EQ(make_scaling_report({small, large}).csv, make_scaling_report({made_study(true)}).csv);
}

TEST(MakeScalingReport, warns_of_shared_cores) {
  ScalingStudy study = made_study(false);
  EXPECT_EQ(make_scaling_report({study}).html.find("more threads than cores"), std::string::npos);
  study.repetitions.front().oversubscribed = true;
  EXPECT_NE(make_scaling_report({study}).html.find("more threads than cores"), std::string::npos);
}

}  // namespace
}  // namespace hourglass
