#include "cli/page_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>

#include "hourglass/core/error.hpp"
#include "system/secret_token.hpp"

namespace hourglass {

namespace {

struct DestroyResponse {
  void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};
using Response = std::unique_ptr<MHD_Response, DestroyResponse>;

struct StopDaemon {
  void operator()(MHD_Daemon* daemon) const { MHD_stop_daemon(daemon); }
};

// The page runs its own script, which asks its own server, and nothing else; the address, which
// holds the token, is told to nobody.
constexpr std::array<std::pair<const char*, const char*>, 7> headers_of_documents = {{
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
}};

void add_header(MHD_Response& response, const char* name, const std::string& value) {
  if (MHD_add_response_header(&response, name, value.c_str()) != MHD_YES)
    throw Error(ErrorKind::io, "out of memory");
}

Response make_response(const std::string& body) {
  // The library copies the body and does not write to it.
  Response response(MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()),
                                                    MHD_RESPMEM_MUST_COPY));
  if (!response) throw Error(ErrorKind::io, "out of memory");
  return response;
}

std::string_view header(MHD_Connection* connection, const char* name) {
  const char* const value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value == nullptr ? std::string_view() : value;
}

// By name only: a tunnel may end at another port. A page of another site that had its name point
// here would send that name.
bool is_this_machine(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos &&
      host.find_first_not_of("0123456789", colon + 1) == std::string_view::npos) {
    host = host.substr(0, colon);
  }
  return host == "127.0.0.1" || host == "localhost" || host == "[::1]";
}

bool has_body(MHD_Connection* connection) {
  const std::string_view length = header(connection, "Content-Length");
  return (!length.empty() && length != "0") || !header(connection, "Transfer-Encoding").empty();
}

}  // namespace

struct PageServer::State {
  struct Prepared {
    std::string tag;
    Response document;
    Response unchanged;
  };

  std::string token;
  Lookup lookup;
  Response refusal;
  std::map<std::string, Prepared> prepared;  // by name
  int port = 0;
  // Last: it ends before what it uses.
  std::unique_ptr<MHD_Daemon, StopDaemon> daemon;

  // The document of a path, or null.
  const Prepared* find(std::string_view path);
  MHD_Result answer(MHD_Connection* connection, std::string_view path, std::string_view method,
                    bool is_complete);
};

const PageServer::State::Prepared* PageServer::State::find(std::string_view path) {
  // "/TOKEN/NAME"
  if (path.size() < token.size() + 2 || path[0] != '/' || path[token.size() + 1] != '/' ||
      !equal_in_constant_time(path.substr(1, token.size()), token)) {
    return nullptr;
  }
  const std::string name(path.substr(token.size() + 2));
  const ServedDocument* const document = lookup(name);
  if (document == nullptr) return nullptr;
  Prepared& known = prepared[name];
  if (known.document && known.tag == document->tag) return &known;
  Prepared fresh = {document->tag, make_response(document->body), make_response("")};
  for (MHD_Response* response : {fresh.document.get(), fresh.unchanged.get()}) {
    add_header(*response, "ETag", fmt::format("\"{}\"", document->tag));
    for (const auto& [header_name, value] : headers_of_documents)
      add_header(*response, header_name, value);
  }
  add_header(*fresh.document, "Content-Type", document->type);
  known = std::move(fresh);
  return &known;
}

MHD_Result PageServer::State::answer(MHD_Connection* connection, std::string_view path,
                                     std::string_view method, bool is_complete) {
  const bool is_read = (method == "GET" || method == "HEAD") && !has_body(connection) &&
                       is_this_machine(header(connection, "Host"));
  // The library calls once more when it has all of a request that is not refused.
  if (is_read && !is_complete) return MHD_YES;
  const Prepared* const found = is_read ? find(path) : nullptr;
  if (found == nullptr) return MHD_queue_response(connection, MHD_HTTP_NOT_FOUND, refusal.get());
  if (header(connection, "If-None-Match") == fmt::format("\"{}\"", found->tag))
    return MHD_queue_response(connection, MHD_HTTP_NOT_MODIFIED, found->unchanged.get());
  return MHD_queue_response(connection, MHD_HTTP_OK, found->document.get());
}

PageServer::PageServer(int port, std::string token, Lookup lookup, const ServerLimits& limits)
    : state_(std::make_unique<State>()) {
  state_->token = std::move(token);
  state_->lookup = std::move(lookup);
  state_->refusal = make_response("");
  add_header(*state_->refusal, "Connection", "close");
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(static_cast<std::uint16_t>(port));
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto handle = [](void* state, MHD_Connection* connection, const char* path,
                         const char* method, const char*, const char*, std::size_t*,
                         void** seen) -> MHD_Result {
    const bool is_complete = std::exchange(*seen, state) != nullptr;
    try {
      return static_cast<State*>(state)->answer(connection, path, method, is_complete);
    } catch (const std::exception&) {
      return MHD_NO;  // closes this connection: the next request may find memory again
    }
  };
  errno = 0;
  state_->daemon.reset(MHD_start_daemon(
      MHD_USE_EPOLL, 0, nullptr, nullptr, +handle, state_.get(), MHD_OPTION_SOCK_ADDR,
      reinterpret_cast<sockaddr*>(&here), MHD_OPTION_CONNECTION_LIMIT, limits.connections,
      MHD_OPTION_CONNECTION_TIMEOUT, limits.idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      limits.request_bytes, MHD_OPTION_END));
  if (!state_->daemon) {
    throw Error(ErrorKind::io, fmt::format("cannot listen on port {} of 127.0.0.1: {}; choose "
                                           "another --port, or 0 for a free one",
                                           port, std::strerror(errno)));
  }
  state_->port = MHD_get_daemon_info(state_->daemon.get(), MHD_DAEMON_INFO_BIND_PORT)->port;
}

PageServer::~PageServer() = default;

int PageServer::port() const { return state_->port; }

std::string PageServer::address() const {
  return fmt::format("http://127.0.0.1:{}/{}/", state_->port, state_->token);
}

void PageServer::serve(std::chrono::milliseconds time) {
  // Its only failures are those of epoll, which a signal may have interrupted.
  errno = 0;
  if (MHD_run_wait(state_->daemon.get(), static_cast<std::int32_t>(time.count())) != MHD_YES &&
      errno != EINTR) {
    throw Error(ErrorKind::io, fmt::format("cannot wait for requests: {}", std::strerror(errno)));
  }
}

}  // namespace hourglass
