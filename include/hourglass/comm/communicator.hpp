#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hourglass/comm/request.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

class OwnedRanges;

/// A group of ranks that talk to each other: a value, cheap to copy; the MPI communicator below is
/// a duplicate of its own, freed with the last copy. Every MPI error becomes Error(bug) with MPI's
/// text. All calls come from the main thread. Unless said otherwise a method is collective: every
/// rank of the group calls it, in the same order.
class Communicator {
 public:
  /// All ranks of the job. Collective over the job: every rank calls it.
  static Communicator world();
  /// This rank alone: the serial path. Not collective.
  static Communicator self();

  [[nodiscard]] int rank() const;
  [[nodiscard]] int size() const;
  [[nodiscard]] bool is_root() const { return rank() == 0; }
  /// The ranks that share this rank's node.
  [[nodiscard]] Communicator node() const;
  /// The ranks that give the same `group`, in the order of their ranks here.
  [[nodiscard]] Communicator split(int group) const;
  /// The same ranks with messages of their own: nothing sent here can be received there.
  [[nodiscard]] Communicator duplicate() const;

  void barrier() const;
  void broadcast(std::span<std::byte> bytes, int root = 0) const;
  [[nodiscard]] std::string broadcast(const std::string& text, int root = 0) const;
  /// Element-wise over the ranks, in place.
  void sum(std::span<std::int64_t> values) const;
  void sum(std::span<std::uint64_t> values) const;
  [[nodiscard]] double max(double value) const;
  [[nodiscard]] Index max(Index value) const;
  [[nodiscard]] Index min(Index value) const;
  /// One text of each rank, by rank, on every rank.
  [[nodiscard]] std::vector<std::string> all_gather(const std::string& text) const;
  /// The values of all ranks, by rank, as many of each.
  void all_gather(std::span<const float> own, std::span<float> all) const;
  /// Copies what each rank owns of an arena (comm/owned_ranges.hpp, made on this communicator) to
  /// all ranks, in place. Values are moved, not computed with: their bits arrive as they are, -0
  /// and NaN included. Floats that no rank owns stay as they are.
  void all_gather(std::span<float> arena, const OwnedRanges& owned) const;

  /// Point to point, not collective; the request waits when it is destroyed. The memory must
  /// outlive it, and nobody else may touch it before. At most 2^31 - 1 values. Messages of one
  /// (sender, receiver, tag) arrive in the order of sending.
  [[nodiscard]] Request send(std::span<const float> values, int destination, int tag) const;
  [[nodiscard]] Request receive(std::span<float> values, int source, int tag) const;
  /// Non-blocking in-place allreduce (sum) in single precision. The bits depend on the number of
  /// ranks and on MPI, but are the same on all ranks.
  [[nodiscard]] Request iallreduce_sum(std::span<float> values) const;
  /// The same of integers: exact, hence independent of the number of ranks.
  [[nodiscard]] Request iallreduce_sum(std::span<std::int64_t> values) const;
  /// Non-blocking in-place allreduce (bitwise or): the union of sets, a bit per element.
  [[nodiscard]] Request iallreduce_or(std::span<std::uint64_t> words) const;

  /// The MPI_Comm, for parallel HDF5 (declared without mpi.h: a pointer to the handle).
  [[nodiscard]] const void* handle() const;

 private:
  struct Handle;
  explicit Communicator(std::shared_ptr<const Handle> handle);
  std::shared_ptr<const Handle> handle_;
};

/// Runs `action` on every rank and then agrees: when it threw Error anywhere, every rank throws the
/// Error of the lowest such rank (same kind, same message), so that all ranks end together with one
/// exit code and rank 0 can print the one line. `action` must not communicate. Any other exception
/// counts as ErrorKind::bug.
void collectively(const Communicator& communicator, const std::function<void()>& action);

}  // namespace hourglass
