#include "engine/segment_runs.hpp"

#include <algorithm>

#include "nn/initializer.hpp"

namespace hourglass {

namespace {

double factor_of(const Tensor& tensor, double encoder, double decoder) {
  if (tensor.name.starts_with("encoder/")) return encoder;
  return tensor.name.starts_with("decoder/") ? decoder : 1.0;
}

bool continues(const SegmentRun& run, const TensorGroup& group, Index begin) {
  return run.range.end == begin && run.decay_factor == group.decay_factor &&
         run.rate_factor == group.rate_factor;
}

}  // namespace

std::vector<TensorGroup> tensor_groups(const Trainable& model, const UpdateSettings& settings,
                                       std::span<const Range> frozen) {
  std::vector<TensorGroup> groups;
  for (const TensorRole& role : model.roles()) {
    const Tensor& tensor = model.layout().tensor(role.slot);
    const Range range = model.layout().range(role.slot);
    const bool is_frozen = std::ranges::any_of(frozen, [&](const Range& held) {
      return held.begin <= range.begin && range.end <= held.end;
    });
    if (is_frozen) continue;
    const double rate = factor_of(tensor, settings.encoder_rate, settings.decoder_rate) *
                        (role.bias ? settings.bias_rate : 1.0);
    const double decay = role.bias && !settings.decay_biases
                             ? 0.0
                             : factor_of(tensor, settings.encoder_decay, settings.decoder_decay);
    groups.push_back({range, rate, decay, role.slot, !role.bias, role.factored});
  }
  std::ranges::sort(groups, {}, [](const TensorGroup& group) { return group.range.begin; });
  return groups;
}

std::vector<std::vector<SegmentRun>> segment_runs(std::span<const TensorGroup> groups,
                                                  std::span<const Range> owned, bool by_tensor) {
  std::vector<std::vector<SegmentRun>> buckets;
  Index state_size = 0;
  for (const Range& own : owned) {
    std::vector<SegmentRun> runs;
    for (const TensorGroup& group : groups) {
      const Range part{std::max(own.begin, group.range.begin), std::min(own.end, group.range.end)};
      if (part.end <= part.begin) continue;
      // Fewer and longer loops.
      if (!runs.empty() && !by_tensor && continues(runs.back(), group, part.begin)) {
        runs.back().range.end = part.end;
      } else {
        const Index offset = state_size + part.begin - own.begin;
        runs.push_back({part, offset, offset, group.rate_factor, group.decay_factor, group.slot,
                        group.matrix});
      }
    }
    buckets.push_back(std::move(runs));
    state_size += own.size();
  }
  return buckets;
}

std::vector<Range> place_moments(std::vector<std::vector<SegmentRun>>& buckets) {
  std::vector<Range> ranges;
  Index size = 0;
  for (std::vector<SegmentRun>& runs : buckets) {
    for (SegmentRun& run : runs) {
      if (run.matrix) continue;
      run.moment_offset = size;
      size += run.range.size();
      ranges.push_back(run.range);
    }
  }
  return ranges;
}

}  // namespace hourglass
