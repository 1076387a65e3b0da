#pragma once

#include <string>
#include <string_view>

namespace hourglass {

/// 128 random bits from the kernel as 32 hexadecimal digits, which nobody can guess. Throws
/// Error(io).
[[nodiscard]] std::string secret_token();

/// Whether two texts are equal; takes the same time wherever they differ, so that time does not
/// tell how much of a token was right. Texts of different lengths differ at once.
[[nodiscard]] bool equal_in_constant_time(std::string_view one, std::string_view other);

}  // namespace hourglass
