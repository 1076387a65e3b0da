#include "report/html.hpp"

#include <fmt/format.h>

#include <cctype>

namespace hourglass {

namespace {

constexpr const char* style = R"(
:root{color-scheme:light}
body{margin:0 auto;max-width:1180px;padding:1rem;background:#fff;color:#222;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.25rem;margin:2rem 0 .5rem;border-bottom:1px solid #ccc}
h3{font-size:1.05rem;margin:1.5rem 0 .25rem}
p,li{max-width:75ch;overflow-wrap:anywhere}
pre{background:#f4f4f4;padding:.6rem;overflow-x:auto;font-size:.85rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:1rem;align-items:start}
figure{margin:0}
figure svg,figure img{display:block;width:100%;max-width:640px;height:auto}
figcaption,p.above{color:#444;font-size:.9rem;text-align:left}
p.above{max-width:none;margin:1rem 0 -.5rem}
.table{overflow-x:auto;margin:.75rem 0}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .45rem;border-bottom:1px solid #ddd;text-align:left;white-space:nowrap}
th{border-bottom:2px solid #888;vertical-align:bottom}
td.number,th.number{text-align:right}
th button{all:unset;cursor:pointer}
th button:focus-visible,.save:focus-visible{outline:2px solid #0072b2}
th[aria-sort=ascending] button::after{content:" \25b2"}
th[aria-sort=descending] button::after{content:" \25bc"}
.save{font:inherit;font-size:.85rem;color:#0b5394;background:none;border:0;padding:0 0 0 .5rem;cursor:pointer;text-decoration:underline}
figure img{image-rendering:pixelated}
@media print{.save{display:none}
.figures{grid-template-columns:1fr 1fr}}
)";

// Sorts a table by the column whose head is clicked, and saves figures as files. The page is
// complete without scripts.
constexpr const char* script = R"(
function sortable(t){
 t.querySelectorAll('th').forEach(function(h,c){
  if(!h.textContent)return;
  var b=document.createElement('button');b.textContent=h.textContent;h.textContent='';h.appendChild(b);
  b.onclick=function(){
   var up=h.getAttribute('aria-sort')!=='ascending',body=t.tBodies[0];
   t.querySelectorAll('th').forEach(function(o){o.removeAttribute('aria-sort')});
   h.setAttribute('aria-sort',up?'ascending':'descending');
   Array.from(body.rows).sort(function(a,b){
    var x=a.cells[c].textContent,y=b.cells[c].textContent,d=parseFloat(x)-parseFloat(y);
    return (isNaN(d)?x.localeCompare(y):d)*(up?1:-1);
   }).forEach(function(r){body.appendChild(r)});
  };
 });
}
function savable(f){
 var s=f.querySelector('svg'),g=f.querySelector('img');
 function button(text,action){
  var b=document.createElement('button');
  b.className='save';b.textContent=text;b.onclick=action;
  f.querySelector('figcaption').appendChild(b);
 }
 function save(suffix,url){
  var a=document.createElement('a'),all=Array.from(document.querySelectorAll('figure'));
  a.download='figure-'+(all.indexOf(f)+1)+suffix;a.href=url;
  a.click();
 }
 function drawing(){
  return 'data:image/svg+xml;charset=utf-8,'+encodeURIComponent(new XMLSerializer().serializeToString(s));
 }
 if(s)button('save as SVG',function(){save('.svg',drawing())});
 if(s||g)button('save as PNG',function(){
  if(!s)return save('.png',g.src);
  var p=new Image(),c=document.createElement('canvas'),v=s.viewBox.baseVal;
  c.width=3*v.width;c.height=3*v.height;
  p.onload=function(){c.getContext('2d').drawImage(p,0,0,c.width,c.height);save('.png',c.toDataURL())};
  p.setAttribute('src',drawing());
 });
}
document.querySelectorAll('table').forEach(sortable);
document.querySelectorAll('figure').forEach(savable);
)";

bool is_number(const std::string& text) {
  const std::size_t first = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  return text.size() > first && std::isdigit(static_cast<unsigned char>(text[first])) != 0;
}

}  // namespace

std::string html_escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        // Control characters are not allowed in either language.
        escaped += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
    }
  }
  return escaped;
}

std::string html_document(const std::string& title, const std::string& content,
                          const std::string& first_script) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\">\n<link rel=\"icon\" "
      "href=\"data:,\">\n<title>{}</title>\n<style>{}</style>\n"
      "</head>\n<body>\n{}<script>{}{}</script>\n</body>\n</html>\n",
      title, style, content, first_script, script);
}

HtmlPage::HtmlPage(const std::string& title) : title_(html_escaped(title)) {
  body_ = fmt::format("<h1>{}</h1>\n", title_);
}

void HtmlPage::end_figures() {
  if (in_figures_) body_ += "</div>\n";
  in_figures_ = false;
}

void HtmlPage::html(const std::string& trusted_html) {
  end_figures();
  body_ += trusted_html;
}

void HtmlPage::heading(const std::string& text, int level) {
  html(fmt::format("<h{0}>{1}</h{0}>\n", level, html_escaped(text)));
}

void HtmlPage::paragraph(const std::string& text) {
  html(fmt::format("<p>{}</p>\n", html_escaped(text)));
}

void HtmlPage::preformatted(const std::string& text) {
  html(fmt::format("<pre>{}</pre>\n", html_escaped(text)));
}

void HtmlPage::list(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += fmt::format("<li>{}</li>\n", html_escaped(item));
  html(fmt::format("<ul>\n{}</ul>\n", text));
}

void HtmlPage::table(const std::vector<std::string>& heads,
                     const std::vector<std::vector<std::string>>& rows,
                     const std::string& caption) {
  // The caption stands above the scrolling box: inside it a phone would cut it off.
  std::string text;
  if (!caption.empty()) text += fmt::format("<p class=\"above\">{}</p>\n", html_escaped(caption));
  text += "<div class=\"table\"><table>\n";
  // The head of a column of numbers is aligned like its numbers.
  const auto css = [&](std::size_t column) {
    return !rows.empty() && column < rows.front().size() && is_number(rows.front()[column])
               ? " class=\"number\""
               : "";
  };
  text += "<thead><tr>";
  for (std::size_t c = 0; c < heads.size(); ++c)
    text += fmt::format("<th{}>{}</th>", css(c), html_escaped(heads[c]));
  text += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    text += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c)
      text += fmt::format("<td{}>{}</td>", css(c), html_escaped(row[c]));
    text += "</tr>\n";
  }
  html(text + "</tbody></table></div>\n");
}

void HtmlPage::figure(const std::string& inner_html, const std::string& caption) {
  if (!in_figures_) body_ += "<div class=\"figures\">\n";
  in_figures_ = true;
  body_ += fmt::format("<figure>\n{}<figcaption>{}</figcaption>\n</figure>\n", inner_html,
                       html_escaped(caption));
}

std::string HtmlPage::content() const { return body_ + (in_figures_ ? "</div>\n" : ""); }

std::string HtmlPage::str() const { return html_document(title_, content()); }

}  // namespace hourglass
