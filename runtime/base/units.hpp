// Sizes and durations as manifests write them: a number with its unit, never a bare number. Pure.
#pragma once

#include "runtime/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse {

// "512MiB", "64KiB", "1GiB", "100B"; whole numbers, binary units only. Error GH-C503.
Result<std::uint64_t> parse_size_bytes(std::string_view text);
// "500ms", "15s", "5m", "2h", "7d"; whole numbers. Error GH-C503.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// The shortest exact form: 65536 → "64KiB", 1500 → "1500B".
std::string size_text(std::uint64_t bytes);
// The shortest exact form: 90 s → "90s", 120 s → "2m".
std::string duration_text(std::chrono::milliseconds duration);
// A rounded age for tables: "12s", "5m", "3h", "2d".
std::string age_text(std::chrono::milliseconds age);

} // namespace gatehouse
