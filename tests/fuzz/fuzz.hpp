#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "import/row_reader.hpp"

namespace hourglass {

/// Runs `use`. An Error for the user is a good end of bad input; one that tells of a bug, or any
/// other exception, is a find.
void expect_refusal_at_most(const std::function<void()>& use);

/// How many times an Error for the user came. HOURGLASS_FUZZ_MESSAGES in the environment prints
/// each.
[[nodiscard]] std::size_t refusals();

/// The input as a file, the same name each time. It is in /dev/shm: nothing is written to a disk.
[[nodiscard]] const std::string& as_file(std::span<const std::uint8_t> input);

/// Reads every row in blocks of bounded size, as an importer does.
void read_all(RowReader& reader);

}  // namespace hourglass
