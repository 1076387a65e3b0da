#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

namespace hourglass {

/// The category of a failure, one per exit code of the program (sysexits.h where it has one).
enum class ErrorKind : int {
  usage = 64,  ///< unknown, contradictory or missing settings
  data = 65,   ///< malformed input: wrong shape, NaN, not HDF5
  rank =
      69,  ///< a rank, its node or its network failed: hung, or holding other numbers than the rest
  bug = 70,       ///< a broken promise inside the program
  io = 74,        ///< the operating system refused: disk full, unreadable, no permission
  stopped = 75,   ///< stopped on request with a checkpoint written
  diverged = 76,  ///< non-finite loss, gradient or parameter
};

/// Whether an error is one rank's own or has been agreed on: then every rank throws the same one
/// and all end in good order.
enum class Reach { local, everywhere };

/// The one exception type. The message is for the user: what is wrong, where (file, data set, row)
/// and what to do about it, in one line without the program's name.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message, Reach reach = Reach::local)
      : std::runtime_error(message), kind_(kind), reach_(reach) {}

  [[nodiscard]] ErrorKind kind() const { return kind_; }
  [[nodiscard]] Reach reach() const { return reach_; }
  [[nodiscard]] int exit_code() const { return static_cast<int>(kind_); }

 private:
  ErrorKind kind_;
  Reach reach_;
};

/// Converts a refusal of the operating system (a file name that is too long, an output that is
/// full) to Error(io), naming the file where it is known.
[[nodiscard]] Error error_of(const std::system_error& error);

/// Throws ErrorKind::bug with `message` when `condition` is false. For promises between our own
/// modules, never for input.
inline void require(bool condition, const char* message) {
  if (!condition) throw Error(ErrorKind::bug, std::string("internal error: ") + message);
}

}  // namespace hourglass
