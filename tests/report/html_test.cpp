#include "report/html.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(HtmlPage, escapes_texts_and_needs_nothing_else) {
  HtmlPage page("<title>");
  page.paragraph("a & b");
  page.table({"name", "value"}, {{"x<y", "1.5"}});
  page.figure("<svg></svg>", "caption");
  page.heading("end");
  const std::string text = page.str();
  EXPECT_NE(text.find("<title>&lt;title&gt;</title>"), std::string::npos);
  EXPECT_NE(text.find("a &amp; b"), std::string::npos);
  EXPECT_NE(text.find("<td class=\"number\">1.5</td>"), std::string::npos);
  EXPECT_EQ(text.find("http"), std::string::npos);
  // The only script is the page's own: nothing is loaded.
  EXPECT_EQ(text.find("src="), std::string::npos);
}

}  // namespace
}  // namespace hourglass
