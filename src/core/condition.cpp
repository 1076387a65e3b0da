#include "core/condition.hpp"

#include <charconv>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// A text after its length, as names may hold any character.
void append(const std::string& item, std::string& text) {
  text += std::to_string(item.size()) + ":" + item + "\n";
}

class Items {
 public:
  Items(const std::string& text, const std::string& path) : text_(text), path_(path) {}

  [[nodiscard]] bool done() const { return place_ == text_.size(); }

  std::string text() {
    const std::size_t size = number(':');
    if (size >= text_.size() - place_ || text_[place_ + size] != '\n') fail();
    std::string item = text_.substr(place_, size);
    place_ += size + 1;
    return item;
  }

  std::size_t count() {
    const std::size_t value = number('\n');
    if (value > text_.size()) fail();
    return value;
  }

 private:
  std::size_t number(char end) {
    const char* const last = text_.data() + text_.size();
    std::size_t value = 0;
    const auto [stop, error] = std::from_chars(text_.data() + place_, last, value);
    if (error != std::errc{} || stop == last || *stop != end) fail();
    place_ = static_cast<std::size_t>(stop - text_.data()) + 1;
    return value;
  }

  [[noreturn]] void fail() const {
    throw Error(ErrorKind::data, path_ +
                                     ": corrupted: its conditions cannot be read; use another "
                                     "copy");
  }

  const std::string& text_;
  const std::string& path_;
  std::size_t place_ = 0;
};

}  // namespace

Index category_count(const std::vector<Condition>& conditions) {
  Index count = 0;
  for (const Condition& condition : conditions)
    count += static_cast<Index>(condition.categories.size());
  return count;
}

std::string conditions_text(const std::vector<Condition>& conditions) {
  std::string text;
  for (const Condition& condition : conditions) {
    append(condition.name, text);
    text += std::to_string(condition.categories.size()) + "\n";
    for (const std::string& category : condition.categories) append(category, text);
  }
  return text;
}

std::vector<Condition> conditions_from(const std::string& text, const std::string& path) {
  std::vector<Condition> conditions;
  for (Items items(text, path); !items.done();) {
    Condition& condition = conditions.emplace_back();
    condition.name = items.text();
    const std::size_t count = items.count();
    for (std::size_t c = 0; c < count; ++c) condition.categories.push_back(items.text());
  }
  return conditions;
}

}  // namespace hourglass
