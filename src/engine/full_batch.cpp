#include "engine/full_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/segment_runs.hpp"
#include "hourglass/core/error.hpp"
#include "math/exact_sum.hpp"

namespace hourglass {

namespace {

constexpr const char* pairs_entry = "lbfgs_pairs";

std::string step_group(Index pair) { return fmt::format("/optimizer/step_{}", pair); }
std::string change_group(Index pair) { return fmt::format("/optimizer/change_{}", pair); }

// Unwinds a line search in the middle of a pass.
struct Stopped {};

// The rule about -0: exchanges and gathers keep every bit, so it stays -0
// (Communicator::all_gather). The one exception is made here: L-BFGS has always left a parameter of
// 0 as +0, and weights digests distinguish the two.
float without_negative_zero(float value) { return value + 0.0F; }

}  // namespace

FullBatch::FullBatch(const Communicator& communicator, Stage& stage, const TrainConfig& config)
    : communicator_(communicator),
      stage_(stage),
      seed_(config.seed),
      line_search_(config.line_search),
      size_(stage.exchange().owned_floats()),
      gradient_(size_),
      direction_(size_),
      sum_(size_),
      lbfgs_(std::make_unique<Lbfgs>(config.lbfgs_history, size_)) {
  const double decay = stage_.settings().optimizer.weight_decay;
  if (decay <= 0) return;
  const std::span<const Range> frozen = stage_.settings().frozen.ranges;
  Buffer<float> arena(stage_.model().layout().size());
  for (const TensorGroup& group : tensor_groups(stage_.model(), stage_.settings().update, frozen)) {
    std::fill_n(arena.data() + group.range.begin, group.range.size(),
                static_cast<float>(decay * group.decay_factor));
  }
  zero_frozen(frozen, {0, arena.size()}, arena.data());
  decay_ = pack(arena.span());
}

Buffer<float> FullBatch::pack(std::span<const float> arena) const {
  Buffer<float> segment(size_);
  float* to = segment.data();
  for (const Range& range : stage_.owned())
    to = std::copy_n(arena.data() + range.begin, range.size(), to);
  return segment;
}

double FullBatch::product(std::span<const float> a, std::span<const float> b) {
  ExactSum sum;
  add_products(a, b, sum);
  stage_.exchange().sum_over_owners({&sum, 1});
  return sum.value();
}

// The parameters become start + step * direction, on every rank; frozen ones, whose direction is 0,
// stay as they are, -0 too.
void FullBatch::move_to(std::span<const float> start, double step) {
  const auto parameters = stage_.parameters();
  Index at = 0;
  for (const Range& range : stage_.owned()) {
    for (Index i = range.begin; i < range.end; ++i, ++at) {
      if (direction_[at] == 0 && is_frozen(i)) continue;
      const double value = static_cast<double>(start[static_cast<std::size_t>(at)]) +
                           step * static_cast<double>(direction_[at]);
      parameters[static_cast<std::size_t>(i)] = without_negative_zero(static_cast<float>(value));
    }
  }
  stage_.exchange().all_gather(parameters);
}

bool FullBatch::is_frozen(Index parameter) const {
  return std::ranges::any_of(stage_.settings().frozen.ranges, [&](const Range& held) {
    return held.begin <= parameter && parameter < held.end;
  });
}

void FullBatch::add_to_gradient(double share) {
  Index at = 0;
  stage_.exchange().read_gradient([&](Index bucket, std::span<const float> gradient) {
    const Range owned = stage_.owned()[static_cast<std::size_t>(bucket)];
    for (Index i = owned.begin; i < owned.end; ++i, ++at)
      sum_[at] += share * static_cast<double>(gradient[static_cast<std::size_t>(i)]);
  });
}

FullBatch::Pass FullBatch::evaluate(SampleSource& source, std::uint32_t epoch, const Flags& flags) {
  evaluated_ = false;
  collectively(communicator_, [&] { source.begin_epoch(epoch, 0); });
  std::ranges::fill(sum_.span(), 0.0);
  totals_ = {};
  const auto samples = static_cast<double>(stage_.plan().samples());
  for (Index step = 0; step < stage_.plan().steps_per_epoch(); ++step) {
    const StepTotals& totals = stage_.gradient(source, seed_, epoch, step, flags());
    totals_.loss.add(totals.loss);
    totals_.squared_error.add(totals.squared_error);
    totals_.penalty.add(totals.penalty);
    totals_.unit_divergences.add(totals.unit_divergences);
    totals_.samples += totals.samples;
    totals_.flags = totals.flags;
    totals_.failed = totals.failed;
    totals_.failure = totals.failure;
    add_to_gradient(static_cast<double>(totals.samples) / samples);
    if (totals.failed || totals.flags[0] > 0) return Pass::stopped;
  }
  value_ = totals_.mean(totals_.loss);
  for (Index i = 0; i < size_; ++i) gradient_[i] = static_cast<float>(sum_[i]);
  if (!decay_.empty()) {
    Buffer<float> shrinking = pack(stage_.parameters());
    for (Index i = 0; i < size_; ++i) {
      gradient_[i] = static_cast<float>(sum_[i] + static_cast<double>(decay_[i]) *
                                                      static_cast<double>(shrinking[i]));
    }
    const Buffer<float> parameters = pack(stage_.parameters());
    for (Index i = 0; i < size_; ++i) shrinking[i] *= decay_[i];
    const double penalty = 0.5 * product(shrinking.span(), parameters.span());
    value_ += penalty;
  }
  evaluated_ = true;
  return Pass::complete;
}

FullBatch::Iteration FullBatch::iterate(SampleSource& source, std::uint32_t epoch,
                                        const Flags& flags, bool first) {
  Iteration result;
  const auto stopped = [&] {
    result.totals = totals_;
    result.stopped = true;
    return result;
  };
  if (!evaluated_) {
    if (evaluate(source, epoch, flags) == Pass::stopped) return stopped();
    if (first) ++result.passes;
  }
  const auto inner = [this](std::span<const float> a, std::span<const float> b) {
    return product(a, b);
  };
  const Buffer<float> start = pack(stage_.parameters());
  Buffer<float> before(size_);
  std::ranges::copy(gradient_.span(), before.data());
  const StepTotals totals_before = totals_;
  const double value_before = value_;
  const double norm = std::sqrt(product(before.span(), before.span()));
  result.totals = totals_;
  result.gradient_norm = norm;
  if (!std::isfinite(value_) || !std::isfinite(norm)) return result;
  lbfgs_->direction(before.span(), inner, direction_.span());
  double slope = product(before.span(), direction_.span());
  if (!(slope < 0)) {
    lbfgs_->forget();
    lbfgs_->direction(before.span(), inner, direction_.span());
    slope = -norm * norm;
  }
  converged_ = !(slope < 0);
  if (converged_) return result;
  // Without a history the gradient's length says nothing about the step's: the first trial has
  // length 1 at most.
  const double first_step = lbfgs_->pairs() == 0 ? std::min(1.0, 1.0 / norm) : 1.0;
  try {
    const auto phi = [&](double step) {
      move_to(start.span(), step);
      ++result.passes;
      if (evaluate(source, epoch, flags) == Pass::stopped) throw Stopped();
      return LinePoint{value_, product(gradient_.span(), direction_.span())};
    };
    const LineSearchResult found =
        search_line(line_search_, phi, {value_before, slope}, first_step);
    result.step = found.step;
    if (found.step != found.last_step) {
      if (found.step > 0) {
        static_cast<void>(phi(found.step));
      } else {
        move_to(start.span(), 0);
      }
    }
  } catch (const Stopped&) {
    move_to(start.span(), 0);
    return stopped();
  }
  if (result.step == 0) {
    converged_ = lbfgs_->pairs() == 0;
    lbfgs_->forget();
    std::ranges::copy(before.span(), gradient_.data());
    value_ = value_before;
    totals_ = totals_before;
    evaluated_ = true;
    return result;
  }
  Buffer<float> moved = pack(stage_.parameters());
  Buffer<float> changed(size_);
  for (Index i = 0; i < size_; ++i) {
    moved[i] -= start[i];
    changed[i] = gradient_[i] - before[i];
  }
  lbfgs_->add(moved.span(), changed.span(), inner);
  result.totals = totals_;
  result.gradient_norm = std::sqrt(product(gradient_.span(), gradient_.span()));
  return result;
}

std::vector<StoredArena> FullBatch::stored(std::span<const StoredTensor> tensors,
                                           std::map<std::string, std::int64_t>& position) const {
  position[pairs_entry] = lbfgs_->pairs();
  std::vector<StoredArena> arenas;
  for (Index p = 0; p < lbfgs_->pairs(); ++p) {
    arenas.push_back(stored_segment(step_group(p), stage_.owned(), lbfgs_->step(p), tensors));
    arenas.push_back(stored_segment(change_group(p), stage_.owned(), lbfgs_->change(p), tensors));
  }
  return arenas;
}

Index FullBatch::load(const StateFile& file) {
  const auto pairs = file.header.position.find(pairs_entry);
  if (pairs == file.header.position.end()) {
    throw Error(ErrorKind::data,
                fmt::format("{} has no {}: it is not of a run with --optimizer lbfgs", file.path,
                            pairs_entry),
                Reach::everywhere);
  }
  Buffer<float> step(size_);
  Buffer<float> change(size_);
  Index bytes = 0;
  for (Index p = 0; p < pairs->second; ++p) {
    bytes += read_arena_ranges(communicator_, file, step_group(p), stage_.owned(), step.span());
    bytes += read_arena_ranges(communicator_, file, change_group(p), stage_.owned(), change.span());
    lbfgs_->add(
        step.span(), change.span(),
        [this](std::span<const float> a, std::span<const float> b) { return product(a, b); });
  }
  return bytes;
}

}  // namespace hourglass
