#include <string>

#include "comm/allgather_pipeline.hpp"
#include "comm/mpi_check.hpp"
#include "comm/reduce_scatter_pipeline.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

void check_tags(const Communicator& communicator, Index buckets, Index bucket_bytes) {
  int* largest_tag = nullptr;
  int known = 0;
  detail::check_mpi(MPI_Comm_get_attr(detail::mpi_communicator(communicator), MPI_TAG_UB,
                                      static_cast<void*>(&largest_tag), &known),
                    "MPI_Comm_get_attr");
  const Index largest = known != 0 ? *largest_tag : 32767;  // guaranteed by the MPI standard
  if (2 * buckets <= largest) return;
  throw Error(ErrorKind::usage, "--bucket-bytes " + std::to_string(bucket_bytes) +
                                    " cuts the model into " + std::to_string(buckets) +
                                    " buckets, and this MPI allows " + std::to_string(largest / 2) +
                                    ": use a larger value");
}

detail::TreeExchange make_exchange(const Communicator& communicator,
                                   const ReducerSettings& settings) {
  require(settings.parameters.size() == settings.sum.size(), "arenas of different sizes");
  require(settings.leaves >= 1, "a tree without leaves");
  std::vector<Range> buckets = settings.parts.empty()
                                   ? make_buckets(static_cast<Index>(settings.sum.size()),
                                                  settings.bucket_bytes, settings.head_end)
                                   : make_buckets(settings.parts, settings.bucket_bytes);
  check_tags(communicator, static_cast<Index>(buckets.size()), settings.bucket_bytes);
  return detail::TreeExchange{
      communicator.duplicate(),
      settings,
      ExchangePlan(settings.leaves, communicator.size(), communicator.rank(), settings.round_bits),
      std::move(buckets),
      {},
      0};
}

class TreeReducer final : public Reducer {
 public:
  TreeReducer(const Communicator& communicator, const ReducerSettings& settings)
      : exchange_(make_exchange(communicator, settings)), reduce_(exchange_), gather_(exchange_) {}

  [[nodiscard]] std::span<const Range> buckets() const override { return exchange_.buckets; }
  [[nodiscard]] Range owned(Index bucket) const override {
    return exchange_.plan.owned(exchange_.buckets.at(static_cast<std::size_t>(bucket)));
  }

  void carry_in_reduce(const ActiveRows* rows) override { reduce_.carry(rows); }
  void carry_in_gather(const ActiveRows* rows) override { gather_.carry(rows); }
  [[nodiscard]] Index sent_bytes() const override { return exchange_.sent_bytes; }

  void start_reduce(Index bucket, std::span<const BucketPart> parts) override {
    reduce_.start(bucket, parts);
  }

  void progress() override {
    if (exchange_.requests.is_ineffective()) return;
    exchange_.requests.test_some();
    advance();
  }

  void wait_reduce(Index bucket) override {
    require(reduce_.is_started(bucket), "waiting for a bucket that was not started");
    while (!reduce_.is_done(bucket)) wait_some();
  }

  [[nodiscard]] std::span<WireWord> increments() override { return gather_.increments(); }

  [[nodiscard]] Index bytes() const override { return reduce_.bytes() + gather_.bytes(); }

  void start_gather(Index bucket) override {
    require(!reduce_.is_started(bucket) || reduce_.is_done(bucket),
            "gathering a bucket that is still being reduced");
    gather_.start(bucket);
  }

  void finish_reduce() override {
    while (!reduce_.is_ineffective()) wait_some();
    reduce_.reset();
  }

  [[nodiscard]] bool is_gathered(Index bucket) const override {
    return !gather_.is_started(bucket) || gather_.is_done(bucket);
  }

  void wait_gather(Index bucket) override {
    while (!is_gathered(bucket)) wait_some();
  }

  void finish_gather() override {
    while (!gather_.is_ineffective()) wait_some();
    gather_.reset();
  }

 private:
  void wait_some() {
    exchange_.requests.wait_some();
    advance();
  }

  void advance() {
    reduce_.advance();
    gather_.advance();
  }

  detail::TreeExchange exchange_;
  detail::ReduceScatterPipeline reduce_;
  detail::AllgatherPipeline gather_;
};

}  // namespace

std::unique_ptr<Reducer> make_tree_reducer(const Communicator& communicator,
                                           const ReducerSettings& settings) {
  return std::make_unique<TreeReducer>(communicator, settings);
}

}  // namespace hourglass
