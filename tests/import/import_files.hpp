#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline void write_text(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary)
      .write(text.data(), static_cast<std::streamsize>(text.size()));
}

/// A .npy file of format 1.0 with this header, blanks and all, and these bytes behind it.
inline std::string npy_text(const std::string& header, std::string_view content) {
  std::string text = "\x93NUMPY";
  text += '\x01';
  text += '\0';
  text += static_cast<char>(header.size() % 256);
  text += static_cast<char>(header.size() / 256);
  return text + header + std::string(content);
}

/// Runs `action` and expects an Error of that kind whose message has each part.
inline void expect_error(const std::function<void()>& action, ErrorKind kind,
                         const std::vector<std::string>& parts) {
  try {
    action();
    ADD_FAILURE() << "accepted; expected: " << (parts.empty() ? "an error" : parts.front());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    for (const std::string& part : parts)
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

}  // namespace hourglass
