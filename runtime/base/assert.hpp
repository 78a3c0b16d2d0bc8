// GH_ASSERT: a broken invariant ends the process, in every build. Expected failures use Result.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace gatehouse::detail {
[[noreturn]] inline void assertion_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, expression);
    std::abort();
}
} // namespace gatehouse::detail

#define GH_ASSERT(expression)                                                                      \
    ((expression) ? static_cast<void>(0)                                                           \
                  : ::gatehouse::detail::assertion_failed(#expression, __FILE__, __LINE__))
