#include "report/scaling_model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include "core/median.hpp"

namespace hourglass {

namespace {

double median_over(const std::vector<ScalingRepetition>& repetitions,
                   const std::function<double(const ScalingRepetition&)>& value) {
  std::vector<double> values;
  for (const ScalingRepetition& repetition : repetitions) values.push_back(value(repetition));
  return median_of(std::move(values));
}

double phase(const ScalingRepetition& repetition, const char* name) {
  const auto found = repetition.phases.find(name);
  return found == repetition.phases.end() ? 0 : found->second.max;
}

ScalingSummary summarize(const ScalingPoint& point,
                         const std::vector<ScalingRepetition>& repetitions) {
  ScalingSummary summary;
  summary.point = point;
  summary.repetitions = static_cast<Index>(repetitions.size());
  std::vector<double> seconds;
  for (const ScalingRepetition& repetition : repetitions) {
    seconds.push_back(repetition.step_seconds);
    summary.oversubscribed = summary.oversubscribed || repetition.oversubscribed;
  }
  const MedianEstimate estimate = estimate_median(std::move(seconds));
  summary.seconds = estimate.median;
  summary.low = estimate.low;
  summary.high = estimate.high;
  summary.confidence = estimate.confidence;
  summary.compute = median_over(repetitions, [](const auto& r) { return phase(r, "compute"); });
  summary.exchange = median_over(repetitions, [](const auto& r) { return phase(r, "exchange"); });
  summary.input = median_over(repetitions, [](const auto& r) { return phase(r, "input"); });
  summary.update = median_over(repetitions, [](const auto& r) { return phase(r, "update"); });
  for (const auto& told : repetitions.front().phases) {
    const std::string& name = told.first;
    summary.phases[name] = median_over(repetitions, [&](const auto& r) {
      const auto found = r.phases.find(name);
      return found == r.phases.end() ? 0 : found->second.mean;
    });
  }
  summary.imbalance = median_over(repetitions, [](const auto& r) { return r.imbalance; });
  return summary;
}

// The factor c that minimises sum((y - c x)^2); 0 when there is nothing to fit.
double fitted_factor(const std::vector<ScalingSummary>& points,
                     const std::function<double(const ScalingSummary&)>& x,
                     const std::function<double(const ScalingSummary&)>& y) {
  double xy = 0;
  double xx = 0;
  for (const ScalingSummary& point : points) {
    xy += x(point) * y(point);
    xx += x(point) * x(point);
  }
  return xx > 0 ? std::max(0.0, xy / xx) : 0;
}

Index passes(const ScalingModel& model, Index ranks) {
  const Index workers = std::max<Index>(1, ranks * model.threads);
  return (model.shards(ranks) + workers - 1) / workers;
}

double update_share(const ScalingModel& model, Index ranks) {
  return model.reduction == "tree" ? 1.0 / static_cast<double>(ranks) : 1.0;
}

double messages(const ScalingModel& model, Index ranks) {
  const auto count = static_cast<std::uint64_t>(ranks);
  if (ranks == 1) return 0;
  // Halving needs whole powers of two below every rank (exchange_plan.hpp).
  const bool halving = std::has_single_bit(count) && model.shards(ranks) % ranks == 0 &&
                       std::has_single_bit(static_cast<std::uint64_t>(model.shards(ranks) / ranks));
  const bool logarithmic = halving || model.reduction != "tree";
  const double rounds = logarithmic ? std::ceil(std::log2(static_cast<double>(ranks)))
                                    : static_cast<double>(ranks - 1);
  return 2 * rounds * static_cast<double>(model.buckets);
}

double volume(const ScalingModel& model, Index ranks) {
  return 2 * static_cast<double>(model.arena_bytes) * static_cast<double>(ranks - 1) /
         static_cast<double>(ranks);
}

// alpha is fitted to the smallest message and beta to the largest one, of the largest measured job:
// it spans the most hosts.
bool fit_network(const ScalingStudy& study, ScalingModel& model) {
  const ScalingNetwork* best = nullptr;
  for (const ScalingNetwork& network : study.networks) {
    if (!network.point_to_point.empty() && (best == nullptr || network.ranks > best->ranks))
      best = &network;
  }
  if (best == nullptr) return false;
  const NetworkFigure& small = best->point_to_point.front();
  const NetworkFigure& large = best->point_to_point.back();
  model.alpha = small.seconds;
  model.beta = std::max(0.0, large.seconds - small.seconds) /
               static_cast<double>(std::max<Index>(1, large.bytes - small.bytes));
  return true;
}

void fit(const ScalingStudy& study, ScalingCurve& curve) {
  ScalingModel& model = curve.model;
  auto& points = curve.points;
  model.pass = fitted_factor(
      points, [&](const auto& p) { return static_cast<double>(passes(model, p.point.ranks)); },
      [](const auto& p) { return p.compute + p.input; });
  model.update = fitted_factor(
      points, [&](const auto& p) { return update_share(model, p.point.ranks); },
      [](const auto& p) { return p.update; });
  if (fit_network(study, model)) {
    const double exposed = fitted_factor(
        points, [&](const auto& p) { return model.exchange(p.point.ranks); },
        [](const auto& p) { return p.point.ranks == 1 ? 0.0 : p.exchange; });
    model.hidden = std::clamp(1 - exposed, 0.0, 1.0);
  } else {
    model.beta = fitted_factor(
        points, [&](const auto& p) { return volume(model, p.point.ranks); },
        [](const auto& p) { return p.exchange; });
  }
  for (ScalingSummary& point : points) {
    point.modelled = model.seconds(point.point.ranks);
    model.largest_residual =
        std::max(model.largest_residual, std::abs(point.modelled / point.seconds - 1));
  }
  const double limit = model.weak ? weak_knee : strong_knee;
  model.knee = 1;
  for (Index ranks = 1; ranks <= Index{1} << 20; ranks *= 2) {
    if (ranks > model.shards(ranks)) {
      model.knee_by_shards = true;
      break;
    }
    if (model.efficiency(ranks) < limit) break;
    model.knee = ranks;
  }
}

}  // namespace

Index ScalingModel::shards(Index ranks) const {
  return std::max<Index>(1, batch * (weak ? ranks : 1) / std::max<Index>(1, micro_batch));
}

double ScalingModel::exchange(Index ranks) const {
  return messages(*this, ranks) * alpha + volume(*this, ranks) * beta;
}

double ScalingModel::seconds(Index ranks) const {
  return pass * static_cast<double>(passes(*this, ranks)) + update * update_share(*this, ranks) +
         (1 - hidden) * exchange(ranks);
}

double ScalingModel::efficiency(Index ranks) const {
  const double work = weak ? static_cast<double>(ranks) : 1;
  return work * seconds(1) / seconds(ranks) / static_cast<double>(ranks);
}

std::vector<ScalingCurve> fit_scaling(const ScalingStudy& study) {
  std::map<std::pair<std::string, Index>, ScalingCurve> curves;
  for (const auto& [point, repetitions] : by_point(study)) {
    ScalingCurve& curve = curves[{point.reduction, point.micro_batch}];
    curve.points.push_back(summarize(point, repetitions));
    const ScalingRepetition& any = repetitions.front();
    curve.model.reduction = point.reduction;
    curve.model.micro_batch = point.micro_batch;
    curve.model.weak = study.weak;
    curve.model.threads = any.threads;
    curve.model.batch = study.weak ? point.batch / point.ranks : point.batch;
    curve.model.arena_bytes = any.arena_bytes;
    curve.model.buckets = any.buckets;
  }
  std::vector<ScalingCurve> result;
  for (auto& [name, curve] : curves) {
    const ScalingSummary base = curve.points.front();
    for (ScalingSummary& point : curve.points) {
      const double rate = static_cast<double>(point.point.batch) / point.seconds;
      point.speedup =
          rate / (static_cast<double>(base.point.batch) / base.seconds) * base.point.ranks;
      point.efficiency = point.speedup / point.point.ranks;
    }
    fit(study, curve);
    result.push_back(std::move(curve));
  }
  return result;
}

}  // namespace hourglass
