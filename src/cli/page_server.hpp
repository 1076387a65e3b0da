#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace hourglass {

/// The answer to a request for a name.
struct ServedDocument {
  std::string type;  ///< "text/html; charset=utf-8"
  std::string body;
  std::string tag;  ///< its entity tag: another one whenever the body has changed
};

struct ServerLimits {
  unsigned connections = 64;  ///< open at once; others wait
  unsigned idle_seconds = 5;  ///< after which a connection is closed
  std::size_t request_bytes =
      16384;  ///< of a request's line and headers, and of the answer's headers
};

/// Serves documents to browsers of this machine by HTTP (libmicrohttpd), read-only: GET and HEAD of
/// http://127.0.0.1:PORT/TOKEN/NAME. Everything else gets the same 404 without a body: another path
/// or method, a wrong token, a request with a body, and a Host header that is not this machine, as
/// that of a page whose name was rebound to this address. Listens on 127.0.0.1 only. No thread of
/// its own; no file is opened.
class PageServer {
 public:
  /// The document of a name ("" is the page itself), or null. It has to last until the next call.
  using Lookup = std::function<const ServedDocument*(const std::string& name)>;

  /// `port` 0 takes a free one. Throws Error(io) when the port is in use.
  PageServer(int port, std::string token, Lookup lookup, const ServerLimits& limits = {});
  ~PageServer();
  PageServer(const PageServer&) = delete;
  PageServer& operator=(const PageServer&) = delete;

  [[nodiscard]] int port() const;
  /// The address of the page.
  [[nodiscard]] std::string address() const;

  /// Answers what arrives within that time, or until a signal. Throws Error(io).
  void serve(std::chrono::milliseconds time);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hourglass
