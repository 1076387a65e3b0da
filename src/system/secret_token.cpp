#include "system/secret_token.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "hourglass/core/error.hpp"

namespace hourglass {

std::string secret_token() {
  std::array<unsigned char, 16> bytes{};
  // Requests of up to 256 bytes are answered whole.
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw Error(ErrorKind::io,
                fmt::format("the kernel gives no random numbers: {}", std::strerror(errno)));
  }
  std::string token;
  for (const unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

bool equal_in_constant_time(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(one[i]) ^
                                        static_cast<unsigned char>(other[i]));
    // Keeps the compiler from leaving the loop once the answer is known.
    asm volatile("" : "+r"(difference));
  }
  return difference == 0;
}

}  // namespace hourglass
