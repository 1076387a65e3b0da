#pragma once

#include <string>
#include <string_view>

namespace hourglass {

/// XXH3-128 of a text, as 32 hex digits: detects changes, but is not cryptographic.
[[nodiscard]] std::string text_digest(std::string_view text);

}  // namespace hourglass
