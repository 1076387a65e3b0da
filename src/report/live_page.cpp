#include "report/live_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "config/settings.hpp"
#include "report/html.hpp"
#include "report/run_report.hpp"
#include "report/training_figures.hpp"

namespace hourglass {

namespace {

// More points than a curve has pixels.
constexpr std::size_t most_points = 500;

// Elements that change one by one: those of the page and of the answer correspond when both have
// the same kinds in the same order, else all are replaced. Tables and figures are compared as they
// arrived, before they got their buttons.
constexpr const char* script = R"(
(function(){
var live=document.getElementById('live'),said=document.getElementById('said'),tag=live.dataset.tag,wait=1000,changed;
function parts(root){return Array.from(root.querySelectorAll('h1,h2,h3,p,pre,ul,.table,figure'))}
function sources(all){return all.map(function(part){return part.outerHTML})}
var shown=sources(parts(live));
function furnish(part){
 if(part.matches('.table'))sortable(part.firstElementChild);
 if(part.matches('figure'))savable(part);
}
function replace(old,part){
 var head=old.querySelector('th[aria-sort]'),left=old.scrollLeft;
 old.replaceWith(part);
 furnish(part);
 if(head)part.querySelectorAll('th button').forEach(function(b){
  if(b.textContent!==head.textContent)return;
  b.click();
  if(head.getAttribute('aria-sort')==='descending')b.click();
 });
 part.scrollLeft=left;
}
function show(text){
 var fresh=document.createElement('template');
 fresh.innerHTML=text;
 var old=parts(live),now=parts(fresh.content),source=sources(now);
 if(old.length===now.length&&old.every(function(part,i){return part.tagName===now[i].tagName})){
  now.forEach(function(part,i){if(source[i]!==shown[i])replace(old[i],part)});
 }else{
  live.replaceChildren(fresh.content);
  now.forEach(furnish);
 }
 shown=source;
}
function say(text){if(said.textContent!==text)said.textContent=text}
function ask(){
 if(document.hidden)return setTimeout(ask,wait);
 fetch('live',{cache:'no-store',headers:{'If-None-Match':'"'+tag+'"'}}).then(function(answer){
  if(answer.status===304)return;
  if(!answer.ok)throw new Error(answer.status);
  return answer.text().then(function(text){
   show(text);
   tag=(answer.headers.get('ETag')||'').replace(/"/g,'');
   changed=new Date();
  });
 }).then(function(){
  wait=1000;
  say('Live'+(changed?', last change at '+changed.toLocaleTimeString():'')+'.');
 },function(){
  wait=Math.min(2*wait,30000);
  say('Not live: hourglass watch does not answer. If it has ended, start it again and open the address that it prints.');
 }).then(function(){setTimeout(ask,wait)});
}
setTimeout(ask,wait);
})();
)";

// Every n-th record of a kind, the last, and the best epoch, which the summary names.
std::vector<MetricsRecord> thinned(std::span<const MetricsRecord> records) {
  const auto error = [](const MetricsRecord& record) {
    return record.kind == "epoch" && record.validation_sse
               ? *record.validation_sse
               : std::numeric_limits<double>::infinity();
  };
  const auto best = std::ranges::min_element(records, {}, error);
  std::vector<MetricsRecord> some;
  for (const char* kind : {"step", "epoch"}) {
    const auto all = std::ranges::count(records, kind, &MetricsRecord::kind);
    const auto stride = std::max<std::ptrdiff_t>(1, all / static_cast<Index>(most_points));
    std::ptrdiff_t number = 0;
    for (auto record = records.begin(); record != records.end(); ++record) {
      if (record->kind != kind) continue;
      const bool is_last = ++number == all;
      if ((number - 1) % stride == 0 || is_last || record == best) some.push_back(*record);
    }
  }
  return some;
}

void add_run(HtmlPage& page, const ComparedRun& run, std::span<const std::string> remarks) {
  RunFindings findings;
  findings.run = run.name;
  findings.metrics = thinned(run.metrics);
  findings.remarks.assign(remarks.begin(), remarks.end());
  findings.state = state_of_run(run);
  add_progress(page, findings);
  if (run.metrics.empty())
    page.paragraph("Nothing is recorded yet: curves follow the first steps.");
  page.heading("Configuration");
  page.preformatted(to_text(run.config));
  page.heading("Samples and code");
  page.paragraph(
      "Reconstructions, the code and filters are in the report of the latest checkpoint:");
  page.preformatted(fmt::format("hourglass report {} --output report.html", run.name));
}

void add_links(HtmlPage& page, std::span<const ComparedRun> runs) {
  std::vector<std::string> links;
  for (const ComparedRun& run : runs) {
    if (run.page.empty()) continue;
    links.push_back(
        fmt::format("<a href=\"{}\">{}</a>", html_escaped(run.page), html_escaped(run.name)));
  }
  if (!links.empty())
    page.html(fmt::format("<p>Pages of single runs: {}.</p>\n", fmt::join(links, ", ")));
}

}  // namespace

std::string live_content(std::span<const ComparedRun> runs, std::span<const std::string> remarks) {
  if (runs.size() == 1) {
    HtmlPage page("Training run " + runs.front().name);
    add_run(page, runs.front(), remarks);
    return page.content();
  }
  HtmlPage page(fmt::format("Comparison of {} runs", runs.size()));
  for (const std::string& remark : remarks) page.paragraph(remark);
  add_links(page, runs);
  add_comparison(page, runs);
  return page.content();
}

std::string live_page(const std::string& content, const std::string& tag) {
  return html_document("hourglass watch",
                       fmt::format("<p id=\"said\" role=\"status\">Live.</p>\n<main id=\"live\" "
                                   "data-tag=\"{}\">\n{}</main>\n",
                                   html_escaped(tag), content),
                       script);
}

}  // namespace hourglass
