#include "comm/network_sweep.hpp"

#include <algorithm>
#include <functional>

#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "core/timer.hpp"
#include "core/tree_sum.hpp"

namespace hourglass {

namespace {

constexpr Index first_bytes = 1024;
constexpr Index growth = 4;
constexpr double seconds_per_size = 0.1;

// The median over repetitions of the slowest rank's time. The first time determines the number of
// repetitions, which is therefore the same on all ranks.
double slowest_median(const Communicator& communicator, const std::function<double()>& timed_once) {
  const auto once = [&] {
    communicator.barrier();
    return communicator.max(timed_once());
  };
  static_cast<void>(once());
  const double first = once();
  const auto count =
      static_cast<std::size_t>(std::clamp(seconds_per_size / std::max(first, 1e-7), 3.0, 200.0));
  std::vector<double> times = {first};
  while (times.size() < count) times.push_back(once());
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2];
}

}  // namespace

std::vector<NetworkFigure> sweep_allreduce(const Communicator& communicator, Index largest_bytes) {
  std::vector<NetworkFigure> figures;
  Buffer<float> values(std::max(first_bytes, largest_bytes) / 4);
  for (Index bytes = first_bytes; bytes <= largest_bytes; bytes *= growth) {
    const auto part = values.span().first(static_cast<std::size_t>(bytes / 4));
    figures.push_back({bytes, slowest_median(communicator, [&] {
                         const Timer timer;
                         communicator.iallreduce_sum(part).wait();
                         return timer.seconds();
                       })});
  }
  return figures;
}

std::vector<NetworkFigure> sweep_point_to_point(const Communicator& communicator,
                                                Index largest_bytes) {
  constexpr int tag = 1;
  constexpr int round_trips = 5;
  std::vector<NetworkFigure> figures;
  const int last = communicator.size() - 1;
  if (last == 0) return figures;
  Buffer<float> values(std::max(first_bytes, largest_bytes) / 4);
  for (Index bytes = 4; bytes <= largest_bytes; bytes = bytes == 4 ? first_bytes : bytes * growth) {
    const auto part = values.span().first(static_cast<std::size_t>(bytes / 4));
    figures.push_back({bytes, slowest_median(communicator, [&] {
                         const Timer timer;
                         for (int i = 0; i < round_trips; ++i) {
                           if (communicator.rank() == 0) {
                             communicator.send(part, last, tag).wait();
                             communicator.receive(part, last, tag).wait();
                           } else if (communicator.rank() == last) {
                             communicator.receive(part, 0, tag).wait();
                             communicator.send(part, 0, tag).wait();
                           }
                         }
                         return timer.seconds() / (2 * round_trips);
                       })});
  }
  return figures;
}

NetworkFigure measure_exchange(const Communicator& communicator, Index arena_floats,
                               Index bucket_bytes, Index leaves, bool tree) {
  Buffer<float> sum(arena_floats);
  Buffer<float> parameters(arena_floats);
  const ReducerSettings settings{leaves, bucket_bytes, sum.span(), parameters.span()};
  const auto reducer = tree ? make_tree_reducer(communicator, settings)
                            : make_allreduce_reducer(communicator, settings);
  const std::vector<Range> nodes =
      maximal_nodes(even_part(leaves, communicator.size(), communicator.rank()), leaves);
  // All nodes of a rank may share one buffer, since the sum is not used.
  Buffer<float> gradient(arena_floats);
  std::vector<BucketPart> parts(nodes.size());
  const auto buckets = reducer->buckets();
  const double seconds = slowest_median(communicator, [&] {
    const Timer timer;
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      for (std::size_t n = 0; n < nodes.size(); ++n)
        parts[n] = {nodes[n], gradient.data() + buckets[b].begin};
      reducer->start_reduce(static_cast<Index>(b), parts);
    }
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      reducer->wait_reduce(static_cast<Index>(b));
      reducer->start_gather(static_cast<Index>(b));
    }
    reducer->finish();
    return timer.seconds();
  });
  return {arena_floats * 4, seconds};
}

}  // namespace hourglass
