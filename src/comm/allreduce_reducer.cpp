#include <algorithm>
#include <array>

#include "comm/mpi_check.hpp"
#include "comm/reducer.hpp"
#include "comm/request_set.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// sum[i] = parts[0][i] + parts[1][i] + ..., from left to right. `sum` may be one of the parts: a
// cell is read before it is written.
void sum_in_order(std::span<const BucketPart> parts, float* sum, Index size) {
  for (Index begin = 0; begin < size; begin += cell_floats) {
    std::array<float, cell_floats> cell{};
    std::copy_n(parts.front().data + begin, cell_floats, cell.begin());
    for (const BucketPart& part : parts.subspan(1)) {
      for (Index i = 0; i < cell_floats; ++i)
        cell[static_cast<std::size_t>(i)] += part.data[begin + i];
    }
    std::copy(cell.begin(), cell.end(), sum + begin);
  }
}

class AllreduceReducer final : public Reducer {
 public:
  AllreduceReducer(const Communicator& communicator, const ReducerSettings& settings)
      : communicator_(communicator.duplicate()),
        settings_(settings),
        buckets_(make_buckets(static_cast<Index>(settings.sum.size()), settings.bucket_bytes)),
        started_(buckets_.size(), false) {
    require(settings.parameters.size() == settings.sum.size(), "arenas of different sizes");
    require(settings.wire == Wire::fp32, "an encoded wire with MPI's own sum");
    for (std::size_t b = 0; b < buckets_.size(); ++b)
      requests_.add_group(detail::RequestSet::Kind::collective, 1);
  }

  [[nodiscard]] std::span<const Range> buckets() const override { return buckets_; }
  [[nodiscard]] Range owned(Index bucket) const override {
    return buckets_.at(static_cast<std::size_t>(bucket));
  }

  void start_reduce(Index bucket, std::span<const BucketPart> parts) override {
    const auto b = static_cast<std::size_t>(bucket);
    const Range range = buckets_.at(b);
    require(requests_.pending(b) == 0, "a bucket's exchange was started twice");
    float* sum = settings_.sum.data() + range.begin;
    if (parts.empty()) {
      std::fill_n(sum, range.size(), 0.0F);
    } else if (parts.size() > 1 || parts.front().data != sum) {
      sum_in_order(parts, sum, range.size());
    }
    started_[b] = true;
    if (communicator_.size() == 1) return;
    detail::check_mpi(
        MPI_Iallreduce(MPI_IN_PLACE, sum, detail::mpi_count(range.size()), MPI_FLOAT, MPI_SUM,
                       detail::mpi_communicator(communicator_), requests_.add(b)),
        "MPI_Iallreduce");
  }

  void progress() override { requests_.test_some(); }

  void wait_reduce(Index bucket) override {
    const auto b = static_cast<std::size_t>(bucket);
    require(started_.at(b), "waiting for a bucket that was not started");
    while (requests_.pending(b) > 0) requests_.wait_some();
  }

  void start_gather(Index bucket) override {
    require(requests_.pending(static_cast<std::size_t>(bucket)) == 0,
            "gathering a bucket that is still being reduced");
  }

  void finish() override {
    while (!requests_.is_ineffective()) requests_.wait_some();
    std::fill(started_.begin(), started_.end(), false);
  }

 private:
  Communicator communicator_;
  ReducerSettings settings_;
  std::vector<Range> buckets_;
  std::vector<bool> started_;
  detail::RequestSet requests_;  // one group a bucket
};

}  // namespace

std::unique_ptr<Reducer> make_allreduce_reducer(const Communicator& communicator,
                                                const ReducerSettings& settings) {
  return std::make_unique<AllreduceReducer>(communicator, settings);
}

}  // namespace hourglass
