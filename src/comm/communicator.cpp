#include "hourglass/comm/communicator.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "comm/mpi_check.hpp"
#include "comm/owned_ranges.hpp"
#include "core/activity.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

using detail::check_mpi;
using detail::mpi_count;

struct Communicator::Handle {
  MPI_Comm comm = MPI_COMM_NULL;
  int rank = 0;
  int size = 1;

  /// Takes ownership of `owned`.
  explicit Handle(MPI_Comm owned) : comm(owned) {
    check_mpi(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check_mpi(MPI_Comm_rank(comm, &rank), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(comm, &size), "MPI_Comm_size");
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    // A copy that outlives MPI (in a static variable, say) has nothing left to free.
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (finalized == 0) MPI_Comm_free(&comm);
  }
};

namespace {

// MPI counts are int: longer messages are sent in pieces of this many elements.
constexpr std::size_t chunk = std::size_t{1} << 30;

MPI_Comm duplicate_of(MPI_Comm parent) {
  MPI_Comm copy = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(parent, &copy), "MPI_Comm_dup");
  return copy;
}

template <class T>
void reduce_in_place(std::span<T> values, MPI_Datatype type, MPI_Op operation, MPI_Comm comm) {
  const activity::Waiting waiting;
  for (std::size_t begin = 0; begin < values.size(); begin += chunk) {
    const auto count = static_cast<int>(std::min(chunk, values.size() - begin));
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, values.data() + begin, count, type, operation, comm),
              "MPI_Allreduce");
  }
}

template <class T>
T reduced(T value, MPI_Datatype type, MPI_Op operation, MPI_Comm comm) {
  reduce_in_place(std::span(&value, 1), type, operation, comm);
  return value;
}

}  // namespace

Communicator::Communicator(std::shared_ptr<const Handle> handle) : handle_(std::move(handle)) {}

Communicator Communicator::world() {
  return Communicator(std::make_shared<Handle>(duplicate_of(MPI_COMM_WORLD)));
}

Communicator Communicator::self() {
  return Communicator(std::make_shared<Handle>(duplicate_of(MPI_COMM_SELF)));
}

Communicator Communicator::duplicate() const {
  return Communicator(std::make_shared<Handle>(duplicate_of(handle_->comm)));
}

Communicator Communicator::node() const {
  MPI_Comm shared = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(handle_->comm, MPI_COMM_TYPE_SHARED, handle_->rank, MPI_INFO_NULL,
                                &shared),
            "MPI_Comm_split_type");
  return Communicator(std::make_shared<Handle>(shared));
}

Communicator Communicator::split(int group) const {
  MPI_Comm part = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split(handle_->comm, group, handle_->rank, &part), "MPI_Comm_split");
  return Communicator(std::make_shared<Handle>(part));
}

int Communicator::rank() const { return handle_->rank; }
int Communicator::size() const { return handle_->size; }
const void* Communicator::handle() const { return &handle_->comm; }

void Communicator::barrier() const {
  const activity::Waiting waiting;
  check_mpi(MPI_Barrier(handle_->comm), "MPI_Barrier");
}

void Communicator::broadcast(std::span<std::byte> bytes, int root) const {
  const activity::Waiting waiting;
  for (std::size_t begin = 0; begin < bytes.size(); begin += chunk) {
    const auto count = static_cast<int>(std::min(chunk, bytes.size() - begin));
    check_mpi(MPI_Bcast(bytes.data() + begin, count, MPI_BYTE, root, handle_->comm), "MPI_Bcast");
  }
}

std::string Communicator::broadcast(const std::string& text, int root) const {
  const activity::Waiting waiting;
  std::int64_t size = static_cast<std::int64_t>(text.size());
  check_mpi(MPI_Bcast(&size, 1, MPI_INT64_T, root, handle_->comm), "MPI_Bcast");
  std::string result = text;
  result.resize(static_cast<std::size_t>(size));
  broadcast(std::as_writable_bytes(std::span(result)), root);
  return result;
}

void Communicator::sum(std::span<std::int64_t> values) const {
  reduce_in_place(values, MPI_INT64_T, MPI_SUM, handle_->comm);
}

void Communicator::sum(std::span<std::uint64_t> values) const {
  reduce_in_place(values, MPI_UINT64_T, MPI_SUM, handle_->comm);
}

double Communicator::max(double value) const {
  return reduced(value, MPI_DOUBLE, MPI_MAX, handle_->comm);
}
Index Communicator::max(Index value) const {
  return reduced(value, MPI_INT64_T, MPI_MAX, handle_->comm);
}
Index Communicator::min(Index value) const {
  return reduced(value, MPI_INT64_T, MPI_MIN, handle_->comm);
}

std::vector<std::string> Communicator::all_gather(const std::string& text) const {
  const activity::Waiting waiting;
  const auto ranks = static_cast<std::size_t>(size());
  std::vector<int> sizes(ranks);
  const int own_size = mpi_count(static_cast<Index>(text.size()));
  check_mpi(MPI_Allgather(&own_size, 1, MPI_INT, sizes.data(), 1, MPI_INT, handle_->comm),
            "MPI_Allgather");
  std::vector<int> begins(ranks);
  Index total = 0;
  for (std::size_t r = 0; r < ranks; ++r) {
    begins[r] = mpi_count(total);
    total += sizes[r];
  }
  std::string all(static_cast<std::size_t>(mpi_count(total)), '\0');
  check_mpi(MPI_Allgatherv(text.data(), own_size, MPI_CHAR, all.data(), sizes.data(), begins.data(),
                           MPI_CHAR, handle_->comm),
            "MPI_Allgatherv");
  std::vector<std::string> texts;
  for (std::size_t r = 0; r < ranks; ++r) {
    texts.push_back(
        all.substr(static_cast<std::size_t>(begins[r]), static_cast<std::size_t>(sizes[r])));
  }
  return texts;
}

void Communicator::all_gather(std::span<const float> own, std::span<float> all) const {
  require(all.size() == own.size() * static_cast<std::size_t>(size()),
          "gathering into memory of another size");
  const activity::Waiting waiting;
  const int count = mpi_count(static_cast<Index>(own.size()));
  check_mpi(
      MPI_Allgather(own.data(), count, MPI_FLOAT, all.data(), count, MPI_FLOAT, handle_->comm),
      "MPI_Allgather");
}

void Communicator::all_gather(std::span<float> arena, const OwnedRanges& owned) const {
  require(owned.end() <= static_cast<Index>(arena.size()), "gathering beyond the end of an arena");
  if (size() == 1) return;
  const activity::Waiting waiting;
  for (const OwnedRanges::Round& round : owned.rounds()) {
    check_mpi(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, arena.data() + round.base,
                             round.counts.data(), round.offsets.data(), MPI_FLOAT, handle_->comm),
              "MPI_Allgatherv");
  }
}

Request Communicator::send(std::span<const float> values, int destination, int tag) const {
  MPI_Request pending = MPI_REQUEST_NULL;
  check_mpi(MPI_Isend(values.data(), mpi_count(static_cast<Index>(values.size())), MPI_FLOAT,
                      destination, tag, handle_->comm, &pending),
            "MPI_Isend");
  return Request(&pending);
}

Request Communicator::receive(std::span<float> values, int source, int tag) const {
  MPI_Request pending = MPI_REQUEST_NULL;
  check_mpi(MPI_Irecv(values.data(), mpi_count(static_cast<Index>(values.size())), MPI_FLOAT,
                      source, tag, handle_->comm, &pending),
            "MPI_Irecv");
  return Request(&pending);
}

Request Communicator::iallreduce_sum(std::span<float> values) const {
  MPI_Request pending = MPI_REQUEST_NULL;
  check_mpi(
      MPI_Iallreduce(MPI_IN_PLACE, values.data(), mpi_count(static_cast<Index>(values.size())),
                     MPI_FLOAT, MPI_SUM, handle_->comm, &pending),
      "MPI_Iallreduce");
  return Request(&pending);
}

Request Communicator::iallreduce_sum(std::span<std::int64_t> values) const {
  MPI_Request pending = MPI_REQUEST_NULL;
  check_mpi(
      MPI_Iallreduce(MPI_IN_PLACE, values.data(), mpi_count(static_cast<Index>(values.size())),
                     MPI_INT64_T, MPI_SUM, handle_->comm, &pending),
      "MPI_Iallreduce");
  return Request(&pending);
}

Request Communicator::iallreduce_or(std::span<std::uint64_t> words) const {
  MPI_Request pending = MPI_REQUEST_NULL;
  check_mpi(MPI_Iallreduce(MPI_IN_PLACE, words.data(), mpi_count(static_cast<Index>(words.size())),
                           MPI_UINT64_T, MPI_BOR, handle_->comm, &pending),
            "MPI_Iallreduce");
  return Request(&pending);
}

}  // namespace hourglass
