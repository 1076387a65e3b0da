#include "hourglass/comm/request.hpp"

#include <cstring>

#include "comm/mpi_check.hpp"
#include "core/activity.hpp"

namespace hourglass {

namespace {

// NOLINTBEGIN(bugprone-sizeof-expression): Open MPI's handles are pointers, and it is the handle
// that is kept
MPI_Request load(const void* storage) {
  MPI_Request request = MPI_REQUEST_NULL;
  std::memcpy(&request, storage, sizeof request);
  return request;
}

void store(void* storage, MPI_Request request) { std::memcpy(storage, &request, sizeof request); }
// NOLINTEND(bugprone-sizeof-expression)

}  // namespace

Request::Request() {
  static_assert(sizeof(MPI_Request) <= sizeof storage_.bytes);
  store(storage_.bytes, MPI_REQUEST_NULL);
}

Request::Request(const void* handle) { store(storage_.bytes, load(handle)); }

Request::Request(Request&& other) noexcept : storage_(other.storage_) {
  store(other.storage_.bytes, MPI_REQUEST_NULL);
}

Request& Request::operator=(Request&& other) noexcept {
  if (this == &other) return *this;
  MPI_Request held = load(storage_.bytes);
  if (held != MPI_REQUEST_NULL) MPI_Wait(&held, MPI_STATUS_IGNORE);
  storage_ = other.storage_;
  store(other.storage_.bytes, MPI_REQUEST_NULL);
  return *this;
}

Request::~Request() {
  MPI_Request held = load(storage_.bytes);
  if (held != MPI_REQUEST_NULL) MPI_Wait(&held, MPI_STATUS_IGNORE);
}

bool Request::test() {
  MPI_Request held = load(storage_.bytes);
  if (held == MPI_REQUEST_NULL) return true;
  int done = 0;
  const int code = MPI_Test(&held, &done, MPI_STATUS_IGNORE);
  store(storage_.bytes, held);
  detail::check_mpi(code, "MPI_Test");
  return done != 0;
}

void Request::wait() {
  MPI_Request held = load(storage_.bytes);
  if (held == MPI_REQUEST_NULL) return;
  const activity::Waiting waiting;
  const int code = MPI_Wait(&held, MPI_STATUS_IGNORE);
  store(storage_.bytes, held);
  detail::check_mpi(code, "MPI_Wait");
}

}  // namespace hourglass
