#include "report/scaling_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <span>
#include <tuple>

#include "core/counted.hpp"
#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"
#include "report/chart.hpp"
#include "report/html.hpp"
#include "report/scaling_charts.hpp"

namespace hourglass {

namespace {

std::string milliseconds(double seconds) { return fmt::format("{:.3f}", seconds * 1e3); }
std::string percent(double share) { return fmt::format("{:.1f} %", share * 100); }

void add_breakdown(HtmlPage& page, const std::vector<ScalingCurve>& curves) {
  // The phases that every curve has.
  std::span<const ReportedPhase> parts = detailed_phases;
  for (const ScalingCurve& curve : curves) {
    if (reported_phases(curve).size() < parts.size()) parts = reported_phases(curve);
  }
  std::vector<std::string> head = {"ranks", "reduction", "micro-batch"};
  for (const ReportedPhase& part : parts) head.emplace_back(part.title);
  head.emplace_back("step");
  std::vector<std::vector<std::string>> rows;
  for (const ScalingCurve& curve : curves) {
    for (const ScalingSummary& point : curve.points) {
      std::vector<std::string> row = {std::to_string(point.point.ranks), point.point.reduction,
                                      std::to_string(point.point.micro_batch)};
      for (const ReportedPhase& part : parts)
        row.push_back(milliseconds(mean_seconds(point, part.name)));
      row.push_back(milliseconds(point.seconds));
      rows.push_back(std::move(row));
    }
  }
  page.table(
      head, rows,
      "Milliseconds: main threads, medians over steps, means over ranks. The step is its "
      "slowest rank's; other is the time outside of the phases: agreement on flags, waiting for "
      "other threads and for slower ranks.");
}

void add_summary(HtmlPage& page, const std::vector<ScalingCurve>& curves) {
  std::vector<std::vector<std::string>> rows;
  for (const ScalingCurve& curve : curves) {
    for (const ScalingSummary& p : curve.points) {
      rows.push_back(
          {std::to_string(p.point.ranks), p.point.reduction, std::to_string(p.point.micro_batch),
           std::to_string(p.point.batch), milliseconds(p.seconds),
           p.confidence > 0 ? fmt::format("{}..{} ({:.0f} %)", milliseconds(p.low),
                                          milliseconds(p.high), p.confidence * 100)
                            : "-",
           fmt::format("{:.0f}", static_cast<double>(p.point.batch) / p.seconds),
           fmt::format("{:.2f}", p.speedup), percent(p.efficiency), percent(p.imbalance),
           milliseconds(p.modelled), fmt::format("{:+.1f} %", 100 * (p.modelled / p.seconds - 1)),
           std::to_string(p.repetitions)});
    }
  }
  page.table({"ranks", "reduction", "micro-batch", "batch", "ms per step", "interval", "samples/s",
              "speed-up", "efficiency", "imbalance", "model ms", "residual", "jobs"},
             rows,
             "Medians over repetitions of the median step, which is as long as its slowest rank "
             "takes. The interval holds the "
             "true median "
             "with the probability in parentheses. Imbalance: compute time of the slowest rank "
             "over the mean.");
}

std::string knee_text(const ScalingModel& model) {
  const double limit = model.weak ? weak_knee : strong_knee;
  const std::string base = fmt::format(
      "{} ranks are the last power of two with a modelled efficiency of at least {:.0f} %",
      model.knee, limit * 100);
  if (model.knee_by_shards)
    return base +
           "; a rank needs a micro-batch: a larger batch or smaller micro-batches allow more "
           "ranks";
  if (model.largest_residual > 0.25) {
    return fmt::format("not predicted: the model misses a measurement by {}",
                       percent(model.largest_residual));
  }
  if (model.knee >= Index{1} << 20) return "none up to a million ranks";
  return fmt::format(
      "{}: at {} ranks the exchange takes {} ms of which {} are hidden, and computing {} ms", base,
      2 * model.knee, milliseconds(model.exchange(2 * model.knee)), percent(model.hidden),
      milliseconds(model.seconds(2 * model.knee) -
                   (1 - model.hidden) * model.exchange(2 * model.knee)));
}

void add_model(HtmlPage& page, const std::vector<ScalingCurve>& curves) {
  page.heading("Model", 3);
  page.paragraph(
      "T(P) = a m(P) + u s(P) + (1 - h) (messages(P) alpha + volume(P) beta): passes over "
      "micro-batches, the update of a "
      "rank's share, and "
      "the part of the exchange that computing does not hide. alpha and beta are of one message, "
      "measured; a, u and h are "
      "fitted.");
  std::vector<std::vector<std::string>> rows;
  for (const ScalingCurve& curve : curves) {
    const ScalingModel& m = curve.model;
    rows.push_back({m.reduction, std::to_string(m.micro_batch), milliseconds(m.pass),
                    milliseconds(m.update), fmt::format("{:.2f}", m.alpha * 1e6),
                    m.beta > 0 ? fmt::format("{:.2f}", 1e-9 / m.beta) : "-", percent(m.hidden),
                    percent(m.largest_residual)});
  }
  page.table({"reduction", "micro-batch", "a: pass (ms)", "u: update (ms)", "alpha (us)",
              "1 / beta (GB/s)", "h: hidden", "largest residual"},
             rows);
  std::vector<std::string> knees;
  for (const ScalingCurve& curve : curves) {
    knees.push_back(fmt::format("Predicted knee, {}, micro-batch {}: {}.", curve.model.reduction,
                                curve.model.micro_batch, knee_text(curve.model)));
  }
  page.list(knees);
}

void add_circumstances(HtmlPage& page, const ScalingStudy& study) {
  std::string options;
  for (const std::string& word : study.train_options) options += " " + word;
  const ScalingRepetition& last = study.repetitions.back();
  const auto text = [&](const char* name) {
    return last.texts.contains(name) ? last.texts.at(name) : std::string("unknown");
  };
  std::vector<std::string> hosts = last.hosts;
  for (const auto& repetition : study.repetitions) {
    if (repetition.hosts.size() > hosts.size()) hosts = repetition.hosts;
  }
  page.list({fmt::format("{}; {} steps after {} of warm-up per job; started {} by {}",
                         std::filesystem::path(study.file).filename().string(), study.steps,
                         study.warm_up, study.texts.at("started"), study.texts.at("launcher")),
             fmt::format("{}, revision {}; {}; {}, core {}", study.texts.at("program"),
                         study.texts.at("revision"), text("mpi"), text("blas"), text("blas_core")),
             fmt::format("hosts {}; {}; {} cores; ranks may use cores {}", fmt::join(hosts, ", "),
                         text("processor"), text("cores"), text("affinity")),
             fmt::format("model of {:.2f} million parameters in {} buckets; {} per rank; options{}",
                         static_cast<double>(last.arena_bytes) / 4e6, last.buckets,
                         counted(last.threads, "thread"), options)});
}

std::string csv_of(const ScalingStudy& study, std::size_t number,
                   const std::vector<ScalingCurve>& curves) {
  std::string text;
  const std::string origin =
      fmt::format(",{},{},{}\n", number, csv_field(study.file),
                  csv_field(fmt::format("{}", fmt::join(study.train_options, " "))));
  for (const ScalingCurve& curve : curves) {
    for (const ScalingSummary& p : curve.points) {
      text += fmt::format(
          "{},{},{},{},{},{:.9g},{:.9g},{:.9g},{:.4g},{:.9g},{:.6g},{:.6g},{:.6g},{:.9g},{:.9g},{:."
          "9g},{:.9g},{:.9g},{},{}",
          study.weak ? "weak" : "strong", p.point.ranks, p.point.reduction, p.point.micro_batch,
          p.point.batch, p.seconds, p.low, p.high, p.confidence,
          static_cast<double>(p.point.batch) / p.seconds, p.speedup, p.efficiency, p.imbalance,
          p.compute, p.exchange, p.update, p.input, p.modelled, p.repetitions,
          p.oversubscribed ? 1 : 0);
      for (const ReportedPhase& part : detailed_phases)
        text += fmt::format(",{:.9g}", mean_seconds(p, part.name));
      text += origin;
    }
  }
  return text;
}

class Assembly {
 public:
  explicit Assembly(ScalingReport& report) : report_(report) {}

  template <class Chart>
  void figure(const Chart& chart, const std::string& name, const std::string& caption) {
    report_.pictures.emplace_back(name, svg_of(chart));
    page_.figure(report_.pictures.back().second, caption);
  }

  // `number`: of this study, from 1; 0 when it is the only one.
  void study(const ScalingStudy& study, std::size_t number) {
    const std::string suffix = number > 0 ? fmt::format("-{}", number) : "";
    const std::vector<ScalingCurve> curves = fit_scaling(study);
    page_.heading(study.weak ? "Weak scaling: the batch grows with the ranks"
                             : "Strong scaling: the batch stays the same");
    if (std::ranges::any_of(study.repetitions, [](const auto& r) { return r.oversubscribed; })) {
      page_.paragraph(
          "Warning: some jobs ran more threads than cores on a host. Their times measure the "
          "scheduler, not the program.");
    }
    add_circumstances(page_, study);
    add_summary(page_, curves);
    figure(speedup_chart(curves), "speedup" + suffix,
           "Samples per second, relative to the fewest ranks. Bars: interval of the median.");
    figure(efficiency_chart(curves), "efficiency" + suffix, "Speed-up divided by ranks.");
    figure(throughput_chart(curves), "throughput" + suffix, "All ranks together.");
    const bool many = curves.size() > 1;
    for (const ScalingCurve& curve : curves) {
      const std::string name =
          fmt::format("{}, micro-batch {}", curve.model.reduction, curve.model.micro_batch);
      const std::string file =
          many ? fmt::format("-{}-{}", curve.model.reduction, curve.model.micro_batch) + suffix
               : suffix;
      figure(breakdown_chart(curve, name), "breakdown" + file,
             "Main threads, phase by phase: medians over steps, means over ranks.");
      figure(model_chart(curve, name), "model" + file,
             "The model is wrong where curve and points differ.");
    }
    for (const ScalingNetwork& network : study.networks) {
      figure(network_chart(network, curves), fmt::format("network-{}{}", network.ranks, suffix),
             "Measured in the same job, without computing.");
    }
    add_breakdown(page_, curves);
    add_model(page_, curves);
    report_.csv += csv_of(study, std::max<std::size_t>(1, number), curves);
  }

  [[nodiscard]] std::string page() const { return page_.str(); }

 private:
  ScalingReport& report_;
  HtmlPage page_{"Scaling of hourglass"};
};

// Files of the same options are parts of one study: jobs of different sizes cannot share a file. A
// file given twice, or together with a continued copy of it, adds nothing: `repeated` counts the
// measurements that were there already.
std::vector<ScalingStudy> merged(const std::vector<ScalingStudy>& parts, Index& repeated) {
  using Origin = std::pair<std::string, std::size_t>;
  std::set<std::tuple<Origin, ScalingPoint, Index, double>> measured;
  std::set<std::tuple<Origin, int>> networks;
  std::vector<ScalingStudy> studies;
  for (ScalingStudy part : parts) {
    if (part.repetitions.empty())
      throw Error(ErrorKind::data, fmt::format("{} has no measurement yet", part.file));
    const auto whole = std::ranges::find_if(studies, [&](const ScalingStudy& study) {
      return study.weak == part.weak && study.train_options == part.train_options &&
             study.steps == part.steps && study.warm_up == part.warm_up &&
             study.texts.at("program") == part.texts.at("program") &&
             study.texts.at("revision") == part.texts.at("revision");
    });
    const Origin origin(part.texts.at("started"),
                        static_cast<std::size_t>(whole - studies.begin()));
    repeated += static_cast<Index>(std::erase_if(part.repetitions, [&](const ScalingRepetition& r) {
      return !measured.emplace(origin, r.point, r.number, r.step_seconds).second;
    }));
    std::erase_if(part.networks, [&](const ScalingNetwork& n) {
      return !networks.emplace(origin, n.ranks).second;
    });
    if (whole == studies.end()) {
      studies.push_back(part);
      continue;
    }
    whole->repetitions.insert(whole->repetitions.end(), part.repetitions.begin(),
                              part.repetitions.end());
    whole->networks.insert(whole->networks.end(), part.networks.begin(), part.networks.end());
  }
  return studies;
}

}  // namespace

ScalingReport make_scaling_report(const std::vector<ScalingStudy>& parts) {
  ScalingReport report;
  const std::vector<ScalingStudy> studies = merged(parts, report.repeated);
  report.csv =
      "mode,ranks,reduction,micro_batch,batch,step_seconds,low,high,confidence,samples_per_second,"
      "speedup,efficiency,imbalance,"
      "compute_seconds,"
      "exchange_seconds,update_seconds,input_seconds,model_seconds,repetitions,oversubscribed";
  for (const ReportedPhase& part : detailed_phases)
    report.csv += fmt::format(",mean_{}_seconds", part.name);
  report.csv += ",study,file,train_options\n";
  Assembly assembly(report);
  for (std::size_t s = 0; s < studies.size(); ++s) {
    assembly.study(studies[s], studies.size() > 1 ? s + 1 : 0);
  }
  report.html = assembly.page();
  return report;
}

}  // namespace hourglass
