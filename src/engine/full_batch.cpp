#include "engine/full_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/training_data.hpp"
#include "hourglass/core/error.hpp"
#include "nn/initializer.hpp"

namespace hourglass {

namespace {

constexpr const char* pairs_entry = "lbfgs_pairs";

// Unwinds a line search in the middle of a pass.
struct Stopped {};

}  // namespace

FullBatch::FullBatch(const Communicator& communicator, Stage& stage, const TrainConfig& config)
    : communicator_(communicator),
      stage_(stage),
      seed_(config.seed),
      replicated_(stage.settings().reduction == Reduction::allreduce),
      history_(config.lbfgs_history),
      line_search_(config.line_search) {
  for (std::size_t b = 0; b < stage_.reducer().buckets().size(); ++b) {
    owned_.push_back(stage_.reducer().owned(static_cast<Index>(b)));
    size_ += owned_.back().size();
  }
  gradient_ = Buffer<float>(size_);
  direction_ = Buffer<float>(size_);
  sum_ = Buffer<double>(size_);
  lbfgs_ = std::make_unique<Lbfgs>(history_, size_);
  if (const double decay = stage_.settings().optimizer.weight_decay; decay > 0) {
    Buffer<float> arena(stage_.model().layout().size());
    for (const TensorRole& role : stage_.model().roles()) {
      const Range range = stage_.model().layout().range(role.slot);
      const double factor =
          decay_factor(role, stage_.model().layout().tensor(role.slot), stage_.settings().update);
      std::fill_n(arena.data() + range.begin, range.size(), static_cast<float>(decay * factor));
    }
    decay_ = pack(arena.span());
  }
}

Buffer<float> FullBatch::pack(std::span<const float> arena) const {
  Buffer<float> segment(size_);
  float* to = segment.data();
  for (const Range& range : owned_) to = std::copy_n(arena.data() + range.begin, range.size(), to);
  return segment;
}

double FullBatch::product(std::span<const float> a, std::span<const float> b) const {
  ExactSum sum;
  add_products(a, b, sum);
  if (!replicated_) sum_over_ranks(communicator_, {&sum, 1});
  return sum.value();
}

// The parameters become start + step * direction, on every rank.
void FullBatch::go_to(std::span<const float> start, double step) {
  const auto parameters = stage_.parameters();
  if (!replicated_) std::ranges::fill(parameters, 0.0F);
  Index at = 0;
  for (const Range& range : owned_) {
    for (Index i = range.begin; i < range.end; ++i, ++at) {
      const auto place = static_cast<std::size_t>(at);
      const double value =
          static_cast<double>(start[place]) + step * static_cast<double>(direction_[at]);
      // -0 would become +0 in a sum over ranks: let it be +0 everywhere.
      parameters[static_cast<std::size_t>(i)] = static_cast<float>(value) + 0.0F;
    }
  }
  // Every element is one rank's number and zeros: this sum is exact.
  if (!replicated_) communicator_.iallreduce_sum(parameters).wait();
}

void FullBatch::add_to_gradient(double share) {
  Reducer& reducer = stage_.reducer();
  Index at = 0;
  for (std::size_t b = 0; b < owned_.size(); ++b) {
    reducer.wait_reduce(static_cast<Index>(b));
    for (Index i = owned_[b].begin; i < owned_[b].end; ++i, ++at) {
      sum_[at] += share * static_cast<double>(stage_.gradient_arena()[static_cast<std::size_t>(i)]);
    }
  }
  reducer.finish();
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
  // Without a history the gradient's length says nothing of the step's: begin with one of length 1
  // at most.
  const double first_step = lbfgs_->pairs() == 0 ? std::min(1.0, 1.0 / norm) : 1.0;
  try {
    const auto phi = [&](double step) {
      go_to(start.span(), step);
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
        go_to(start.span(), 0);
      }
    }
  } catch (const Stopped&) {
    go_to(start.span(), 0);
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

StoredArena FullBatch::stored_segment(const std::string& name, std::span<const float> values,
                                      std::span<const StoredTensor> tensors) const {
  StoredArena arena{"/optimizer/" + name, {tensors.begin(), tensors.end()}, {}, {}};
  const float* from = values.data();
  for (const Range& range : owned_) {
    arena.ranges.push_back(range);
    arena.values.push_back(from);
    from += range.size();
  }
  return arena;
}

std::vector<StoredArena> FullBatch::stored(std::span<const StoredTensor> tensors,
                                           std::map<std::string, std::int64_t>& position) const {
  position[pairs_entry] = lbfgs_->pairs();
  std::vector<StoredArena> arenas;
  for (Index p = 0; p < lbfgs_->pairs(); ++p) {
    arenas.push_back(stored_segment(fmt::format("step_{}", p), lbfgs_->step(p), tensors));
    arenas.push_back(stored_segment(fmt::format("change_{}", p), lbfgs_->change(p), tensors));
  }
  return arenas;
}

void FullBatch::load(const StateFile& file) {
  const auto pairs = file.header.position.find(pairs_entry);
  if (pairs == file.header.position.end()) {
    throw Error(ErrorKind::data,
                fmt::format("{} has no {}: it is not of a run with --optimizer lbfgs", file.path,
                            pairs_entry));
  }
  Buffer<float> step(stage_.model().layout().size());
  Buffer<float> change(stage_.model().layout().size());
  for (Index p = 0; p < pairs->second; ++p) {
    read_arena(file, fmt::format("/optimizer/step_{}", p), step.span());
    read_arena(file, fmt::format("/optimizer/change_{}", p), change.span());
    const Buffer<float> s = pack(step.span());
    const Buffer<float> y = pack(change.span());
    // Every rank has the whole: no need to ask the others while one of them may fail.
    lbfgs_->add(s.span(), y.span(), [&](std::span<const float> a, std::span<const float> b) {
      const auto whole = [&](std::span<const float> part) -> std::span<const float> {
        return part.data() == s.data() ? std::span<const float>(step.span())
                                       : std::span<const float>(change.span());
      };
      ExactSum sum;
      add_products(whole(a), whole(b), sum);
      return sum.value();
    });
  }
}

}  // namespace hourglass
