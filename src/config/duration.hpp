#pragma once

#include <string>

namespace hourglass {

/// "3600s", "90", "55m", "4h", "2d", "MM:SS", "HH:MM:SS" and Slurm's "D-HH:MM:SS" <-> seconds.
/// Throws Error(usage) naming the setting.
[[nodiscard]] double parse_duration(const std::string& name, const std::string& text);
[[nodiscard]] std::string format_duration(double seconds);

}  // namespace hourglass
