#include "config/duration.hpp"
#include "config/reliability.hpp"
#include "config/setting_rows.hpp"

namespace hourglass {

std::vector<Setting> reliability_settings() {
  const std::string s = "reliability";
  return {
      {"time-limit", s,
       "Stop within this time, with a checkpoint (exit code 75): e.g. 3600s, 55m, 4h, 01:30:00, "
       "2-00:00:00; 0: no limit",
       false, Scope::run,
       [](const TrainConfig& c) { return format_duration(c.reliability.time_limit); },
       [](TrainConfig& c, const std::string& text) {
         c.reliability.time_limit = parse_duration("time-limit", text);
       }},
      text_setting({"stop-signal", s,
                    "Signals that stop the run with a checkpoint, in addition to INT and TERM: "
                    "e.g. USR1 or USR1,USR2",
                    Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.reliability.stop_signal; }),
      {"watchdog", s,
       "End the job if a rank makes no progress for this long, naming the rank and its activity "
       "(e.g. 300s; longer than the slowest step or checkpoint); 0: never",
       false, Scope::run,
       [](const TrainConfig& c) { return format_duration(c.reliability.watchdog); },
       [](TrainConfig& c, const std::string& text) {
         c.reliability.watchdog = parse_duration("watchdog", text);
       }},
      integer_setting({"verify-every", s,
                       "Compare the parameters of all ranks every so many steps, and then also "
                       "before each checkpoint; 0: never",
                       Scope::run},
                      [](TrainConfig& c) -> Index& { return c.reliability.verify_every; }),
      flag_setting({"checkpoint-async", s,
                    "Write checkpoints in the background, from a copy of weights and moments that "
                    "takes additional memory",
                    Scope::run},
                   [](TrainConfig& c) -> bool& { return c.reliability.checkpoint_async; }),
  };
}

}  // namespace hourglass
