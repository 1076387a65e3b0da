#include "run/progress.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "core/number_text.hpp"

namespace hourglass {

namespace {

std::string duration(double seconds) {
  const auto total = std::lround(seconds);
  if (total >= 3600)
    return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

// Of a variational code: "  kl 12.3 in 20 of 64 units"; of a sparse one: "  fvu 0.2310  l0 32.0
// dead 4.1 %".
std::string use_of_code(const MetricsRecord& record) {
  if (record.sparse_use) {
    const SparseUse& use = *record.sparse_use;
    const std::string unexplained =
        std::isfinite(use.unexplained) ? fmt::format("{:.4f}", use.unexplained) : "-";
    return fmt::format("  fvu {}  l0 {:.1f}  dead {:.1f} %", unexplained, use.active_units,
                       100 * use.dead_share());
  }
  const std::vector<double>& divergences = divergences_of(record);
  if (divergences.empty()) return "";
  const CodeUse use = code_use(divergences);
  return fmt::format("  kl {:.4g} in {} of {} units", use.divergence, use.used_units, use.units);
}

// A full disk under the log does not end the training.
void say(const std::string& line) {
  const std::string text = line + "\n";
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stdout));
  std::fflush(stdout);
}

constexpr double live_interval = 0.1;  // seconds between rewrites of the live line
constexpr double plain_interval = 30;  // seconds between plain lines inside a long epoch

}  // namespace

Progress::Progress(const std::string& style, Index epochs, Index total_steps, Index first_step)
    : live_(style == "line" || (style == "auto" && on_terminal())),
      silent_(style == "none"),
      epochs_(epochs),
      total_steps_(total_steps),
      first_step_(first_step) {}

void Progress::begin_stage(const std::string& name, Index epochs) {
  stage_ = name.empty() ? "" : name + "  ";
  epochs_ = epochs;
}

void Progress::step(Index epoch, Index step, double loss, double samples_per_second) {
  if (silent_) return;
  const bool show =
      live_ ? since_shown_.seconds() >= live_interval : since_plain_.seconds() >= plain_interval;
  if (!show) return;
  const double per_step = run_.seconds() / static_cast<double>(step - first_step_);
  const std::string text =
      fmt::format("{}epoch {}/{}  step {}/{}  loss {:.6g}  {:.0f} samples/s  {} left", stage_,
                  epoch, epochs_, step, total_steps_, loss, samples_per_second,
                  duration(per_step * static_cast<double>(total_steps_ - step)));
  if (live_) {
    line_.show(text);
  } else {
    say(text);
  }
  since_shown_.restart();
  since_plain_.restart();
}

void Progress::epoch(const MetricsRecord& record) {
  if (silent_) return;
  line_.clear();
  say(fmt::format(
      "{}epoch {}/{}  loss {:.6g}  sse {}{}{}  {:.0f} samples/s", stage_, record.epoch, epochs_,
      record.loss, decimal_text(record.sse, 4),
      record.validation_sse ? "  validation sse " + decimal_text(*record.validation_sse, 4) : "",
      use_of_code(record), record.samples_per_second));
  since_plain_.restart();
}

void Progress::note(const std::string& line) {
  if (silent_) return;
  line_.clear();
  say(line);
}

}  // namespace hourglass
