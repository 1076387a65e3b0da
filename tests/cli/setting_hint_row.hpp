#pragma once

#include <string>
#include <vector>

// What the tables of setting_hints_test.cpp consist of.
namespace hourglass::setting_hints {

// "--name value", or "no --name" to leave it out.
using Words = std::vector<std::string>;

// Marks the text of a hint as it stands in the sources, "{}" for what is filled in.
inline constexpr const char* hint(const char* text) { return text; }

struct Row {
  const char* hint;
  Words given;
  // What the hint offers, each alternative to be accepted. The message must hold "--name value"
  // literally; only a name when the words are separate: {"--name", "value"}.
  std::vector<Words> alternatives;
};

}  // namespace hourglass::setting_hints
