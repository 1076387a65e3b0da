#include "cli/page_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "hourglass/core/error.hpp"
#include "system/posix_file.hpp"

namespace hourglass {
namespace {

class PageServerTest : public testing::Test {
 protected:
  [[nodiscard]] posix::FileDescriptor connect() const {
    posix::FileDescriptor file(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(static_cast<std::uint16_t>(server_.port()));
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(file.get(), reinterpret_cast<sockaddr*>(&there), sizeof there), 0);
    return file;
  }
  // What comes back until the server closes the connection. A request that has no end keeps it open
  // for a while.
  std::string exchange(const std::string& request, bool has_end = true) {
    const posix::FileDescriptor file = connect();
    EXPECT_EQ(::send(file.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string answer;
    std::array<char, 4096> buffer{};
    for (int turn = 0; turn < (has_end ? 200 : 10); ++turn) {
      server_.serve(std::chrono::milliseconds(1));
      const ssize_t count = ::recv(file.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count == 0) return answer;
      if (count > 0) answer.append(buffer.data(), static_cast<std::size_t>(count));
    }
    if (has_end) ADD_FAILURE() << "no end of the answer to " << request;
    return answer;
  }
  std::string get(const std::string& path, const std::string& headers = "Host: localhost\r\n",
                  const std::string& method = "GET") {
    return exchange(
        fmt::format("{} {} HTTP/1.1\r\n{}Connection: close\r\n\r\n", method, path, headers));
  }

  ServedDocument page_{"text/html", "the page", "1"};
  PageServer server_{0, "secret",
                     [this](const std::string& name) { return name.empty() ? &page_ : nullptr; }};
};

TEST_F(PageServerTest, serves_the_page_and_tells_when_it_is_unchanged) {
  EXPECT_EQ(server_.address(), fmt::format("http://127.0.0.1:{}/secret/", server_.port()));
  const std::string answer = get("/secret/");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nthe page")) << answer;
  for (const char* part : {"ETag: \"1\"", "Referrer-Policy: no-referrer", "default-src 'none'"})
    EXPECT_NE(answer.find(part), std::string::npos) << part;
  EXPECT_TRUE(get("/secret/", "Host: 127.0.0.1:8080\r\n").ends_with("the page"));
  const std::string head = get("/secret/", "Host: localhost\r\n", "HEAD");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n")) << head;
  const std::string known = "Host: localhost\r\nIf-None-Match: \"1\"\r\n";
  EXPECT_TRUE(get("/secret/", known).starts_with("HTTP/1.1 304 "));
  page_ = {"text/html", "another page", "2"};
  EXPECT_TRUE(get("/secret/", known).ends_with("another page"));
}

TEST_F(PageServerTest, everything_else_gets_the_same_nothing) {
  const std::string host = "Host: localhost\r\n";
  for (const auto& [path, headers, method] :
       std::vector<std::array<std::string, 3>>{{"/", host, "GET"},
                                               {"/secret", host, "GET"},
                                               {"/Secret/", host, "GET"},
                                               {"/secre/", host, "GET"},
                                               {"/secrets/", host, "GET"},
                                               {"/secret/other", host, "GET"},
                                               {"/secret/../../etc/passwd", host, "GET"},
                                               {"/secret/%2e%2e/config.cfg", host, "GET"},
                                               {"//secret/", host, "GET"},
                                               {"/secret/", host, "POST"},
                                               {"/secret/", host, "DELETE"},
                                               {"/secret/", host + "Content-Length: 3\r\n", "GET"},
                                               {"/secret/", "Host: evil.example\r\n", "GET"},
                                               {"/secret/", "Host: localhost.evil:80\r\n", "GET"},
                                               {"/secret/", "Host: 127.0.0.1:80@evil\r\n", "GET"},
                                               {"/secret/", "Host:\r\n", "GET"}}) {
    const std::string answer = get(path, headers, method);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 ")) << method << path << headers << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << method << path << headers << answer;
  }
  for (const std::string& broken : {std::string("\r\n\r\n"), std::string("nonsense\r\n\r\n"),
                                    std::string(100, '\0'), std::string("GET /secret/\r\n\r\n"),
                                    "GET /" + std::string(30000, 'a') + " HTTP/1.1\r\n\r\n",
                                    "GET /secret/ HTTP/1.1\r\nA: " + std::string(30000, 'a')}) {
    EXPECT_EQ(exchange(broken, false).find("the page"), std::string::npos);
  }
  EXPECT_TRUE(get("/secret/").ends_with("the page")) << "and it goes on";
}

TEST_F(PageServerTest, a_port_in_use_is_named) {
  try {
    const PageServer second(server_.port(), "x", [](const std::string&) { return nullptr; });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_NE(std::string(error.what()).find("port " + std::to_string(server_.port())),
              std::string::npos);
  }
}

}  // namespace
}  // namespace hourglass
