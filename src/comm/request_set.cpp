#include "comm/request_set.hpp"

#include "comm/mpi_check.hpp"
#include "core/activity.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::detail {

RequestSet::~RequestSet() {
  if (pending_ == 0) return;
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const Kind kind = groups_[group_of_[i]].kind;
    // MPI forbids freeing a collective that is pending.
    if (requests_[i] == MPI_REQUEST_NULL || kind == Kind::collective) continue;
    // A late message must not be written to memory that is about to be freed.
    if (kind == Kind::receive) MPI_Cancel(&requests_[i]);
    MPI_Request_free(&requests_[i]);
  }
}

std::size_t RequestSet::add_group(Kind kind, Index capacity) {
  const auto begin = static_cast<Index>(requests_.size());
  groups_.push_back({kind, begin, capacity});
  const auto size = static_cast<std::size_t>(begin + capacity);
  requests_.resize(size, MPI_REQUEST_NULL);
  group_of_.resize(size, groups_.size() - 1);
  finished_.resize(size);
  return groups_.size() - 1;
}

MPI_Request* RequestSet::add(std::size_t number) {
  Group& group = groups_[number];
  if (group.pending == 0) group.used = 0;
  require(group.used < group.capacity, "more requests than their group was made for");
  ++group.pending;
  ++pending_;
  return &requests_[static_cast<std::size_t>(group.begin + group.used++)];
}

void RequestSet::test_some() {
  if (pending_ == 0) return;
  int count = 0;
  check_mpi(MPI_Testsome(mpi_count(static_cast<Index>(requests_.size())), requests_.data(), &count,
                         finished_.data(), MPI_STATUSES_IGNORE),
            "MPI_Testsome");
  retire(count);
}

void RequestSet::wait_some() {
  require(pending_ > 0, "waiting without a pending request");
  const activity::Waiting waiting;
  int count = 0;
  check_mpi(MPI_Waitsome(mpi_count(static_cast<Index>(requests_.size())), requests_.data(), &count,
                         finished_.data(), MPI_STATUSES_IGNORE),
            "MPI_Waitsome");
  retire(count);
}

void RequestSet::retire(int count) {
  if (count == MPI_UNDEFINED) return;
  for (int i = 0; i < count; ++i) {
    --groups_[group_of_[static_cast<std::size_t>(finished_[static_cast<std::size_t>(i)])]].pending;
  }
  pending_ -= count;
}

}  // namespace hourglass::detail
