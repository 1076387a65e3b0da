#include "report/run_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/unit_study.hpp"
#include "config/settings.hpp"
#include "core/number_text.hpp"
#include "report/atom_figures.hpp"
#include "report/chart.hpp"
#include "report/code_figures.hpp"
#include "report/html.hpp"
#include "report/image_figures.hpp"
#include "report/sparse_figures.hpp"
#include "report/training_figures.hpp"

namespace hourglass {

namespace {

void show(HtmlPage& page, const Figure& figure) { page.figure(figure.html, figure.caption); }

template <class Chart>
void show(HtmlPage& page, const Chart& chart, const std::string& caption) {
  page.figure(svg_of(chart), caption);
}

void add_summary(HtmlPage& page, const RunFindings& findings) {
  std::vector<std::vector<std::string>> rows;
  rows.push_back({"state", state_of_run(findings)});
  const auto epochs = records_of(findings.metrics, "epoch");
  if (!epochs.empty()) {
    const MetricsRecord& last = epochs.back();
    rows.push_back(
        {"training sse", fmt::format("{} in epoch {}", decimal_text(last.sse, 4), last.epoch)});
    if (last.validation_sse) {
      const auto best = std::ranges::min_element(epochs, {}, [](const auto& r) {
        return r.validation_sse.value_or(std::numeric_limits<double>::infinity());
      });
      rows.push_back(
          {"validation sse",
           fmt::format("{}; smallest {} in epoch {}", decimal_text(*last.validation_sse, 4),
                       decimal_text(best->validation_sse.value_or(*last.validation_sse), 4),
                       best->epoch)});
    }
    if (const auto& divergences = divergences_of(last); !divergences.empty()) {
      const CodeUse use = code_use(divergences);
      rows.push_back(
          {"used units", fmt::format("{} of {} with a KL divergence above {:g} nats; "
                                     "{:.4g} nats together",
                                     use.used_units, use.units, use.threshold, use.divergence)});
    }
    if (last.sparse_use) {
      const SparseUse& use = *last.sparse_use;
      if (std::isfinite(use.unexplained))
        rows.push_back({"variance unexplained", fmt::format("{:.4f}", use.unexplained)});
      std::string code =
          fmt::format("{:.1f} of {} units active; {} dead ({:.1f} %)", use.active_units, use.units,
                      use.dead_units, 100 * use.dead_share());
      if (use.nearest_cosine) {
        code += fmt::format("; cosine of an atom with the nearest other one {:.3f}",
                            *use.nearest_cosine);
      }
      rows.push_back({"sparse code", code});
    }
    rows.push_back(
        {"throughput", fmt::format("{:.0f} samples/s in the last epoch", last.samples_per_second)});
    rows.push_back({"memory", fmt::format("at most {:.0f} MiB per rank",
                                          static_cast<double>(last.resident_bytes) / 1048576.0)});
  }
  if (findings.model != nullptr) {
    const Model& model = *findings.model;
    rows.push_back({"model", fmt::format("{} features to a code of {}; {} parameters",
                                         model.network->features(), model.network->code_size(),
                                         model.network->layout().parameter_count())});
    rows.push_back({"weights digest", model.file.weights_digest});
    const auto& texts = model.file.header.texts;
    for (const auto& [name, head] :
         {std::pair{"init_taken", "started from"}, {"frozen", "frozen"}}) {
      if (const auto text = texts.find(name); text != texts.end())
        rows.push_back({head, text->second});
    }
  }
  page.table({"", ""}, rows);
  for (const std::string& remark : findings.remarks) page.paragraph(remark);
}

void add_sparse_use(HtmlPage& page, const std::vector<MetricsRecord>& epochs) {
  show(page, unexplained_chart(epochs),
       "Fraction of the samples' variance that the reconstruction leaves, by epoch.");
  show(page, active_units_chart(epochs), "Units with a value other than 0, by epoch.");
  show(page, dead_units_chart(epochs),
       "Units that no sample has used for --dead-after samples, at the end of each epoch.");
  if (epochs.back().sparse_use->use_histogram.empty()) return;
  show(page, use_chart(epochs.back()),
       "Units by the share of the samples that use them, in the last epoch.");
}

void add_training(HtmlPage& page, const RunFindings& findings) {
  const auto epochs = records_of(findings.metrics, "epoch");
  auto steps = records_of(findings.metrics, "step");
  if (steps.size() < epochs.size()) steps = epochs;  // a short run records few steps
  if (steps.empty()) return;
  page.heading("Training");
  if (!epochs.empty()) {
    show(page, error_chart(epochs),
         "Squared error summed over features and averaged over samples, by epoch.");
  }
  show(page, loss_chart(steps), "The loss that training minimises, by step.");
  if (!epochs.empty() && !epochs.back().unit_kl.empty()) {
    show(page, used_units_chart(epochs),
         "Units of the code whose KL divergence from the prior, averaged over samples, is above "
         "0.01 nats, by epoch: the others carry no information.");
    show(page, divergence_chart(divergences_of(epochs.back())),
         "KL divergence of each unit in the last epoch, the largest first.");
  }
  if (!epochs.empty() && epochs.back().sparse_use) add_sparse_use(page, epochs);
  if (!epochs.empty()) {
    show(page, time_chart(epochs), "Time of each epoch by phase, on the slowest rank.");
    show(page, throughput_chart(epochs), "Samples per second over all ranks, by epoch.");
  }
  show(page, learning_rate_chart(steps), "Learning rate, by step.");
}

// The features, or columns of a table, by name.
void add_features(HtmlPage& page, const SampleStudy& study) {
  if (study.by_feature.empty()) return;
  constexpr std::size_t most = 100;
  std::vector<StudiedFeature> features = study.by_feature;
  std::ranges::stable_sort(features, std::ranges::greater{}, &StudiedFeature::share);
  features.resize(std::min(features.size(), most));
  const bool kinds =
      std::ranges::any_of(features, [](const auto& feature) { return feature.wrong.has_value(); });
  std::vector<std::vector<std::string>> rows;
  for (const StudiedFeature& feature : features) {
    const bool counted = feature.wrong.has_value();
    std::vector<std::string> row = {feature.name, fmt::format("{:.2f}", 100 * feature.share),
                                    counted ? "" : fmt::format("{:.4g}", feature.rmse),
                                    counted ? "" : fmt::format("{:.4g}", feature.bias)};
    if (kinds) row.push_back(counted ? fmt::format("{:.2f}", 100 * *feature.wrong) : "");
    rows.push_back(std::move(row));
  }
  const char* const what = kinds ? "column" : "feature";
  std::vector<std::string> heads = {what, "share of the squared error, %", "root mean square error",
                                    "bias"};
  if (kinds) heads.emplace_back("wrong, %");
  page.table(heads, rows,
             fmt::format("Error by {}, of the samples above, in the units of the data{}{}", what,
                         kinds ? " (dates: seconds)" : "",
                         features.size() < study.by_feature.size()
                             ? fmt::format("; the {} largest of {}", most, study.by_feature.size())
                             : ""));
}

void add_reconstructions(HtmlPage& page, const SampleStudy& study, const ImageShape& shape) {
  page.heading("Reconstructions");
  double mean = 0;
  for (const double error : study.errors)
    mean += error / static_cast<double>(std::max<Index>(1, study.size()));
  page.paragraph(fmt::format("{} of the {} samples of {}, evenly spaced: mean sse {}.",
                             study.size(), study.available, study.data, decimal_text(mean, 4)));
  for (const Figure& figure : reconstruction_figures(study, shape)) show(page, figure);
  add_features(page, study);
  if (study.labels.empty()) return;
  show(page, error_by_label_chart(study), "Mean squared error by label.");
  page.table({"label", "samples", "mean sse", "largest sse"}, error_by_label(study),
             "Error by label (click a column head to sort)");
}

void add_code(HtmlPage& page, const Model& model, const SampleStudy& study, const ImageShape& shape,
              std::span<const double> divergences) {
  page.heading("The code");
  const bool plane = study.code_size <= 2;
  show(page,
       scatter_chart(plane ? "Codes" : "Codes: principal plane",
                     plane ? "unit 0" : "first principal component",
                     plane ? "unit 1" : "second principal component",
                     principal_plane(study.codes_view()), study.labels, study.class_names),
       plane ? "Every point is a sample's code."
             : "Codes in the plane of their two directions of largest variance.");
  if (!plane) {
    show(page,
         scatter_chart("Codes: t-SNE", "t-SNE 1 (no unit)", "t-SNE 2 (no unit)",
                       tsne(study.codes_view()), study.labels, study.class_names),
         "Neighbours stay neighbours; distances between clusters and their sizes mean little "
         "(t-SNE, "
         "perplexity 30).");
  }
  std::vector<UnitStatistics> units = unit_statistics(study.codes_view());
  const auto dead = std::ranges::count_if(units, &UnitStatistics::dead);
  page.paragraph(
      fmt::format("{} of {} units are dead: the same value for every sample.", dead, units.size()));
  if (is_drawable(shape, study.features)) {
    show(page, traversal_figure(model, study, units, shape));
    if (study.size() > 1) show(page, interpolation_figure(model, study, shape));
  }
  std::vector<std::vector<std::string>> rows;
  const bool has_divergences = divergences.size() == units.size();
  for (const UnitStatistics& unit : units) {
    rows.push_back({std::to_string(unit.unit), fmt::format("{:.4g}", unit.mean),
                    fmt::format("{:.4g}", unit.deviation), fmt::format("{:.4g}", unit.smallest),
                    fmt::format("{:.4g}", unit.largest), fmt::format("{:.1f}", 100 * unit.active),
                    unit.dead ? "yes" : "no"});
    if (has_divergences)
      rows.back().push_back(
          fmt::format("{:.5f}", divergences[static_cast<std::size_t>(unit.unit)]));
  }
  std::ranges::stable_sort(units, std::ranges::greater{}, &UnitStatistics::deviation);
  const std::size_t drawn = std::min<std::size_t>(units.size(), 32);
  page.figure(
      histogram_svg(study.codes_view(), std::span(units).first(drawn)),
      fmt::format(
          "Histograms of the values of each unit{}; the tallest bar of each has the same height.",
          drawn < units.size() ? " (the 32 of largest deviation)" : ""));
  std::vector<std::string> heads = {"unit",    "mean",      "deviation", "smallest",
                                    "largest", "active, %", "dead"};
  if (has_divergences) heads.emplace_back("KL divergence, nats");
  page.table(heads, rows, "Units of the code");
}

void add_atoms(HtmlPage& page, const Model& model, const SampleStudy& study,
               const ImageShape& shape) {
  constexpr Index most = 64;
  if (!has_atoms(model)) return;
  const std::vector<Index> units = most_used_units(study, most);
  page.heading("Atoms");
  page.paragraph(
      "hourglass score --per-unit FILE.csv lists all units, by all samples of a data set.");
  for (const Figure& figure : atom_figures(model, units, shape)) show(page, figure);
  const bool named = model.identity && static_cast<Index>(model.identity->feature_names.size()) ==
                                           model.network->outputs();
  std::vector<std::string> names;
  for (Index f = 0; f < model.network->outputs(); ++f) {
    names.push_back(named ? model.identity->feature_names[static_cast<std::size_t>(f)]
                          : std::to_string(f));
  }
  page.table({"unit", "samples, %", "top samples (row and value)",
              "largest features of its atom (units of the data)"},
             atom_rows(model, study, units, names), "The units that most samples use");
}

void add_configuration(HtmlPage& page, const RunFindings& findings) {
  page.heading("Configuration and environment");
  if (findings.model != nullptr) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, value] : findings.model->file.header.texts)
      rows.push_back({name, value});
    page.table({"property", "value"}, rows);
    page.preformatted(to_text(findings.model->config));
  }
  page.heading("How to reproduce this run");
  page.preformatted(
      fmt::format("mpirun -n 2 hourglass train --config {0}/config.cfg --output {0}-again\n{1}\n"
                  "# the same weights digest on any number of ranks: hourglass inspect "
                  "{0}-again/model.h5",
                  findings.run, findings.reproduced_by));
}

}  // namespace

std::string state_of_run(const RunFindings& findings) {
  if (!findings.state.empty()) return findings.state;
  const auto epochs = records_of(findings.metrics, "epoch");
  const Index done = epochs.empty() ? 0 : epochs.back().epoch;
  if (findings.model == nullptr) return fmt::format("{} epochs recorded; no model yet", done);
  if (findings.model->file.header.position.empty())
    return fmt::format("finished after {} epochs", done);
  return fmt::format("not finished: {} of {} epochs; the newest checkpoint is shown", done,
                     findings.model->config.epochs);
}

void add_progress(HtmlPage& page, const RunFindings& findings) {
  add_summary(page, findings);
  add_training(page, findings);
}

std::string run_report(const RunFindings& findings) {
  HtmlPage page("Training run " + findings.run);
  add_progress(page, findings);
  if (findings.model != nullptr) {
    const ImageShape shape = findings.model->grid();
    if (findings.study != nullptr) {
      add_reconstructions(page, *findings.study, shape);
      const auto epochs = records_of(findings.metrics, "epoch");
      add_code(page, *findings.model, *findings.study, shape,
               epochs.empty() ? std::span<const double>() : divergences_of(epochs.back()));
    }
    if (findings.study != nullptr) add_atoms(page, *findings.model, *findings.study, shape);
    const auto filters = filter_figures(*findings.model, shape);
    if (!filters.empty()) page.heading("First layer");
    for (const Figure& figure : filters) show(page, figure);
  }
  add_configuration(page, findings);
  return page.str();
}

}  // namespace hourglass
