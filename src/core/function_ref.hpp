#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace hourglass {

template <class Signature>
class FunctionRef;

/// A reference to something callable, for parameters: unlike std::function it never allocates,
/// however much a lambda captures. The callable must outlive the reference, as a lambda written in
/// the call does.
template <class Result, class... Arguments>
class FunctionRef<Result(Arguments...)> {
 public:
  template <class Callable>
  requires(!std::is_same_v<Callable, FunctionRef> &&
           std::is_invocable_r_v<Result, const Callable&, Arguments...>)
      // NOLINTNEXTLINE(google-explicit-constructor): it stands for the callable in a call
      FunctionRef(const Callable& callable)
      : callable_(std::addressof(callable)),
        call_([](const void* target, Arguments... arguments) -> Result {
          return (*static_cast<const Callable*>(target))(std::forward<Arguments>(arguments)...);
        }) {}

  Result operator()(Arguments... arguments) const {
    return call_(callable_, std::forward<Arguments>(arguments)...);
  }

 private:
  const void* callable_;
  Result (*call_)(const void*, Arguments...);
};

}  // namespace hourglass
