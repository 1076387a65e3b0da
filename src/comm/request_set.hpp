#pragma once

#include <vector>

#include "comm/mpi_check.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass::detail {

/// Pending MPI requests in fixed groups, all tested by ONE call: MPI drives its transports once per
/// call, however many requests are tested. Allocates on construction and in add_group() only.
class RequestSet {
 public:
  enum class Kind { send, receive, collective };

  RequestSet() = default;
  RequestSet(const RequestSet&) = delete;
  RequestSet& operator=(const RequestSet&) = delete;
  /// Abandons pending requests without waiting: this happens only when an error ends the run, and
  /// the other ranks may never answer.
  ~RequestSet();

  /// Adds a group of at most `capacity` simultaneous requests; returns its index.
  std::size_t add_group(Kind kind, Index capacity);
  /// The place for a new request of the group, which counts as pending from now on.
  [[nodiscard]] MPI_Request* add(std::size_t group);
  [[nodiscard]] Index pending(std::size_t group) const { return groups_[group].pending; }
  [[nodiscard]] bool is_ineffective() const { return pending_ == 0; }

  void test_some();
  /// Blocks until a request completes; at least one must be pending.
  void wait_some();

 private:
  struct Group {
    Kind kind;
    Index begin;
    Index capacity;
    Index used = 0;
    Index pending = 0;
  };
  void retire(int count);

  std::vector<Group> groups_;
  std::vector<std::size_t> group_of_;
  std::vector<MPI_Request> requests_;
  std::vector<int> finished_;
  Index pending_ = 0;
};

}  // namespace hourglass::detail
