#include "report/scaling_charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace hourglass {

namespace {

// The ideal and the model are not measurements: they have a look of their own.
constexpr std::size_t ideal_look = 6;

std::string curve_name(const ScalingCurve& curve, bool many_sizes) {
  return many_sizes ? fmt::format("{}, {}", curve.model.reduction, curve.model.micro_batch)
                    : curve.model.reduction;
}

std::vector<double> rank_ticks(const std::vector<ScalingCurve>& curves, Index last) {
  std::set<double> ticks;
  for (const ScalingCurve& curve : curves) {
    for (const ScalingSummary& point : curve.points) ticks.insert(point.point.ranks);
  }
  if (last > 0) {
    for (Index ranks = 1; ranks <= last; ranks *= 2) ticks.insert(static_cast<double>(ranks));
  }
  return {ticks.begin(), ticks.end()};
}

// A measured quantity by ranks, one series per curve, with the interval that follows from that
// of the step.
template <class Value>
LineChart by_ranks(const std::vector<ScalingCurve>& curves, const std::string& title, Axis y,
                   const Value& value) {
  LineChart chart{title, {"ranks", true, rank_ticks(curves, 0), {}, {}}, std::move(y), {}};
  for (std::size_t c = 0; c < curves.size(); ++c) {
    const bool many = std::ranges::any_of(curves, [&](const auto& other) {
      return other.model.micro_batch != curves[c].model.micro_batch;
    });
    Series series{curve_name(curves[c], many), {}};
    series.look = c;
    for (const ScalingSummary& point : curves[c].points) {
      ChartPoint shown{static_cast<double>(point.point.ranks), value(point, point.seconds)};
      if (point.confidence > 0) {
        shown.low = std::min(value(point, point.low), value(point, point.high));
        shown.high = std::max(value(point, point.low), value(point, point.high));
      }
      series.points.push_back(shown);
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

Series ideal(const std::vector<ScalingCurve>& curves, bool constant) {
  Series series{"ideal", {}, SeriesStyle::line, ideal_look};
  for (const double ranks : rank_ticks(curves, 0))
    series.points.push_back({ranks, constant ? 100 : ranks});
  return series;
}

constexpr ReportedPhase coarse_phases[] = {{"compute", "compute"},
                                           {"update", "update"},
                                           {"exchange", "exchange not hidden"},
                                           {"input", "input"}};

}  // namespace

LineChart speedup_chart(const std::vector<ScalingCurve>& curves) {
  std::vector<double> ticks = rank_ticks(curves, 0);
  double least = ticks.front();
  for (const ScalingCurve& curve : curves) {
    for (const ScalingSummary& point : curve.points) least = std::min(least, point.speedup);
  }
  while (ticks.front() > least) ticks.insert(ticks.begin(), ticks.front() / 2);
  LineChart chart =
      by_ranks(curves, "Speed-up", {"speed-up", true, ticks, {}, {}},
               [](const auto& p, double seconds) { return p.speedup * p.seconds / seconds; });
  chart.series.push_back(ideal(curves, false));
  return chart;
}

LineChart efficiency_chart(const std::vector<ScalingCurve>& curves) {
  LineChart chart = by_ranks(
      curves, "Efficiency", {"efficiency (%)", false, {}, {}, {}},
      [](const auto& p, double seconds) { return 100 * p.efficiency * p.seconds / seconds; });
  chart.series.push_back(ideal(curves, true));
  return chart;
}

LineChart throughput_chart(const std::vector<ScalingCurve>& curves) {
  return by_ranks(
      curves, "Throughput", {"samples per second", false, {}, {}, {}},
      [](const auto& p, double seconds) { return static_cast<double>(p.point.batch) / seconds; });
}

std::span<const ReportedPhase> reported_phases(const ScalingCurve& curve) {
  if (curve.points.front().phases.contains("forward")) return detailed_phases;
  return coarse_phases;
}

double mean_seconds(const ScalingSummary& point, const char* name) {
  const auto found = point.phases.find(name);
  return found == point.phases.end() ? 0 : found->second;
}

BarChart breakdown_chart(const ScalingCurve& curve, const std::string& name) {
  BarChart chart{"Where a step's time goes: " + name,
                 "ranks",
                 {},
                 {"time per step (ms)", false, {}, {}, {}},
                 {}};
  const auto parts = reported_phases(curve);
  for (const auto& part : parts) chart.series.push_back({part.title, {}});
  for (const ScalingSummary& point : curve.points) {
    chart.categories.push_back(std::to_string(point.point.ranks));
    for (std::size_t s = 0; s < parts.size(); ++s)
      chart.series[s].values.push_back(mean_seconds(point, parts[s].name) * 1e3);
  }
  return chart;
}

LineChart model_chart(const ScalingCurve& curve, const std::string& name) {
  const ScalingModel& model = curve.model;
  Index last = std::max<Index>(2 * model.knee, 4 * curve.points.back().point.ranks);
  last = std::min<Index>(last, 4096);
  if (!model.weak) last = std::min(last, model.shards(1));
  std::vector<ScalingCurve> one = {curve};
  LineChart chart{"Measurement and model: " + name,
                  {"ranks", true, rank_ticks(one, last), {}, {}},
                  {"time per step (ms)", true, {}, {}, {}},
                  {}};
  Series measured{"measured", {}, SeriesStyle::markers, 0};
  for (const ScalingSummary& p : curve.points) {
    ChartPoint shown{static_cast<double>(p.point.ranks), p.seconds * 1e3};
    if (p.confidence > 0) {
      shown.low = p.low * 1e3;
      shown.high = p.high * 1e3;
    }
    measured.points.push_back(shown);
  }
  Series modelled{"model", {}, SeriesStyle::line, 1};
  Series exchange{"modelled exchange, nothing hidden", {}, SeriesStyle::line, 2};
  for (Index ranks = 1; ranks <= last; ranks *= 2) {
    modelled.points.push_back({static_cast<double>(ranks), model.seconds(ranks) * 1e3});
    if (ranks > 1)
      exchange.points.push_back({static_cast<double>(ranks), model.exchange(ranks) * 1e3});
  }
  chart.series = {measured, modelled, exchange};
  return chart;
}

LineChart network_chart(const ScalingNetwork& network, const std::vector<ScalingCurve>& curves) {
  LineChart chart{fmt::format("Network, {} ranks", network.ranks),
                  {"message (bytes)", true, {1e3, 1e4, 1e5, 1e6, 1e7}, {}, {}},
                  {"time (us)", true, {}, {}, {}},
                  {}};
  Series allreduce{"MPI_Allreduce", {}};
  for (const NetworkFigure& figure : network.allreduce)
    allreduce.points.push_back({static_cast<double>(figure.bytes), figure.seconds * 1e6});
  Series messages{"one message", {}};
  for (const NetworkFigure& figure : network.point_to_point) {
    if (figure.bytes >= 1000)
      messages.points.push_back({static_cast<double>(figure.bytes), figure.seconds * 1e6});
  }
  chart.series = {allreduce, messages};
  if (!curves.empty() && curves.front().model.beta > 0) {
    const ScalingModel& model = curves.front().model;
    Series line{"alpha + beta n", {}, SeriesStyle::line, ideal_look};
    for (const NetworkFigure& figure : network.allreduce) {
      line.points.push_back({static_cast<double>(figure.bytes),
                             (model.alpha + model.beta * static_cast<double>(figure.bytes)) * 1e6});
    }
    chart.series.push_back(line);
  }
  return chart;
}

}  // namespace hourglass
