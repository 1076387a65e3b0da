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

TEST(HtmlEscaped, leaves_no_markup_and_no_control_characters) {
  EXPECT_EQ(html_escaped("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(html_escaped("a\x01"
                         "b\tc\nd"),
            "a b\tc\nd");
  EXPECT_EQ(html_escaped("\u00e4"), "\u00e4") << "UTF-8 stays";
}

TEST(HtmlPage, groups_neighbouring_figures) {
  HtmlPage page("t");
  page.figure("<svg></svg>", "one");
  page.figure("<svg></svg>", "two");
  page.list({"x & y"});
  page.figure("<svg></svg>", "three");
  const std::string text = page.str();
  const auto count = [&](const std::string& part) {
    int found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++found;
    return found;
  };
  EXPECT_EQ(count("<div class=\"figures\">"), 2);
  EXPECT_EQ(count("<figure>"), 3);
  EXPECT_EQ(count("<div"), count("</div>"));
  EXPECT_EQ(count("<li>x &amp; y</li>"), 1);
}

}  // namespace
}  // namespace hourglass
