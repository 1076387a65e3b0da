#pragma once

#include <memory>

namespace hourglass {

/// A pending non-blocking operation: move-only; the destructor waits.
class Request {
 public:
  Request();
  Request(Request&&) noexcept;
  Request& operator=(Request&&) noexcept;  ///< waits for the operation held before
  ~Request();

  /// Whether it has finished; also lets MPI progress everything else that is pending.
  bool test();
  void wait();

 private:
  friend class Communicator;
  explicit Request(const void* handle);  ///< takes over the MPI_Request at `handle`
  // An MPI_Request fits in a pointer-sized integer (Open MPI) or an int (MPICH family); kept opaque
  // so that mpi.h stays in src.
  struct alignas(8) Storage {
    unsigned char bytes[8];
  };
  Storage storage_;
};

}  // namespace hourglass
