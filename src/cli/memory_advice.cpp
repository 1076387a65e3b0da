#include "cli/memory_advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "cli/train_arguments.hpp"
#include "config/settings.hpp"

namespace hourglass {
namespace {

// The value in effect, as text: that of the command line, of the file of settings, or the default.
std::string value_of(const Command& command, const Arguments& arguments, const std::string& name) {
  if (arguments.has(name)) return arguments.get(name);
  if (arguments.has("config")) {
    try {
      return find_setting(name).get(new_run(arguments));
    } catch (const Error&) {
      return {};
    }
  }
  const auto option = std::ranges::find(command.options, name, &Option::name);
  return option == command.options.end() ? "" : option->standard;
}

// `otherwise` for what is not a number, such as "auto".
Index number_in(const std::string& text, Index otherwise) {
  Index value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : otherwise;
}

}  // namespace

Error with_memory_advice(const Error& error, const Command& command, const Arguments& arguments,
                         int ranks) {
  const std::string message = error.what();
  if (!message.starts_with("out of memory")) return error;
  constexpr Index unknown = std::numeric_limits<Index>::max();
  const auto number = [&](const std::string& name) {
    return number_in(value_of(command, arguments, name), unknown);
  };
  const bool resumed = arguments.has("resume");
  std::vector<std::string> ways;
  const bool has_shards = std::ranges::any_of(
      command.options, [](const Option& option) { return option.name == "batch"; });
  const Index batch = has_shards ? number("batch") : unknown;
  if (command.ranks_share_memory &&
      (resumed || batch == unknown || batch / std::max<Index>(1, number("micro-batch")) > ranks))
    ways.emplace_back("more ranks");
  for (const std::string& name : command.memory_options) {
    // A resumed run keeps its micro-batches. --memory 0 holds nothing; other sizes have units.
    if (resumed && name == "micro-batch") continue;
    const Index least = name == "memory" ? 0 : 1;
    if (number(name) > least)
      ways.push_back(name == "threads" ? "fewer --threads" : "a smaller --" + name);
  }
  if (ways.empty()) return {error.kind(), message + "; use a machine with more", error.reach()};
  std::string advice = ways.front();
  for (std::size_t i = 1; i < ways.size(); ++i)
    advice += (i + 1 < ways.size() ? ", " : " or ") + ways[i];
  return {error.kind(), fmt::format("{}; use {}", message, advice), error.reach()};
}

}  // namespace hourglass
