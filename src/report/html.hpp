#pragma once

#include <string>
#include <vector>

namespace hourglass {

/// The text with <, >, &, and quotes as entities, for elements and attributes of HTML and SVG.
[[nodiscard]] std::string html_escaped(const std::string& text);

/// A self-contained document of HTML that is trusted. `first_script` runs before the script that
/// furnishes tables and figures, with `sortable(table)` and `savable(figure)`, which it may call
/// for those that come later.
[[nodiscard]] std::string html_document(const std::string& title, const std::string& content,
                                        const std::string& first_script = "");

/// A self-contained page: it loads nothing. It fits a phone: figures stand side by side where the
/// page is wide enough, and wide tables scroll. A click on a column head sorts the table, and
/// figures can be saved. Arguments are plain text unless their name says html.
class HtmlPage {
 public:
  explicit HtmlPage(const std::string& title);

  void heading(const std::string& text, int level = 2);
  void paragraph(const std::string& text);
  void list(const std::vector<std::string>& items);
  void preformatted(const std::string& text);
  /// Cells that begin like a number are aligned to the right.
  void table(const std::vector<std::string>& heads,
             const std::vector<std::vector<std::string>>& rows, const std::string& caption = "");
  /// `inner_html`: an <svg> or <img> element. Neighbouring figures share a row.
  void figure(const std::string& inner_html, const std::string& caption);
  void html(const std::string& trusted_html);

  [[nodiscard]] std::string str() const;
  /// The elements in its body, without scripts.
  [[nodiscard]] std::string content() const;

 private:
  void end_figures();

  std::string title_;
  std::string body_;
  bool in_figures_ = false;
};

}  // namespace hourglass
