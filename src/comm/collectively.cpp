#include <exception>
#include <new>
#include <optional>
#include <span>
#include <system_error>

#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

std::optional<Error> caught_by(const std::function<void()>& action) {
  try {
    action();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::io, "out of memory");
  } catch (const std::system_error& error) {
    return error_of(error);
  } catch (const std::exception& error) {
    return Error(ErrorKind::bug, std::string("internal error: ") + error.what());
  } catch (...) {
    return Error(ErrorKind::bug, "internal error: an exception of unknown type");
  }
}

}  // namespace

void collectively(const Communicator& communicator, const std::function<void()>& action) {
  const std::optional<Error> error = caught_by(action);
  const Index nobody = communicator.size();
  const Index first = communicator.min(error ? Index{communicator.rank()} : nobody);
  if (first == nobody) return;
  const int root = static_cast<int>(first);
  int kind = error ? error->exit_code() : 0;
  communicator.broadcast(std::as_writable_bytes(std::span(&kind, 1)), root);
  const std::string message =
      communicator.broadcast(error ? std::string(error->what()) : std::string(), root);
  throw Error(static_cast<ErrorKind>(kind), message, Reach::everywhere);
}

}  // namespace hourglass
