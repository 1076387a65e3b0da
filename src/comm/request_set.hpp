#pragma once

#include <vector>

#include "comm/mpi_check.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass::detail {

/// Pending MPI requests of fixed groups, all tested by ONE call: MPI drives its transports once a
/// call, however many requests are asked about. Allocates only when it is made.
class RequestSet {
 public:
  enum class Kind { send, receive, collective };

  RequestSet() = default;
  RequestSet(const RequestSet&) = delete;
  RequestSet& operator=(const RequestSet&) = delete;
  /// Gives up what is still pending, without waiting: that happens only when an error ends the run,
  /// and the other ranks may never answer.
  ~RequestSet();

  /// A new group of at most `capacity` requests at a time; returns its number.
  std::size_t add_group(Kind kind, Index capacity);
  /// A place in the group for a new request, which counts as pending from now on.
  [[nodiscard]] MPI_Request* add(std::size_t group);
  [[nodiscard]] Index pending(std::size_t group) const { return groups_[group].pending; }
  [[nodiscard]] bool is_idle() const { return pending_ == 0; }

  void test_some();
  /// Blocks until a request finishes; something must be pending.
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
