#include "runtime/base/units.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace gatehouse {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::array<Unit, 5> size_units{
    {{"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1ULL << 30}, {"TiB", 1ULL << 40}}};
constexpr std::array<Unit, 5> time_units_ms{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

template <std::size_t N>
Result<std::uint64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units,
                                      std::string_view example) {
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit_name(end,
                                     static_cast<std::size_t>(text.data() + text.size() - end));
    if (problem == std::errc{}) {
        for (const Unit& unit : units) {
            const bool fits = number <= std::numeric_limits<std::int64_t>::max() / unit.factor;
            if (unit.name == unit_name && fits) {
                return number * unit.factor;
            }
        }
    }
    std::string known;
    for (const Unit& unit : units) {
        known += known.empty() ? "" : ", ";
        known += unit.name;
    }
    return Error{"GH-C503", "not a whole number with a unit", "", "'" + std::string(text) + "'",
                 "Write it like " + std::string(example) + " (units: " + known + ")"};
}

template <std::size_t N>
std::string shortest(std::uint64_t value, const std::array<Unit, N>& units) {
    std::string best = std::to_string(value) + std::string(units[0].name);
    for (const Unit& unit : units) {
        if (value != 0 && value % unit.factor == 0) {
            best = std::to_string(value / unit.factor) + std::string(unit.name);
        }
    }
    return best;
}

} // namespace

Result<std::uint64_t> parse_size_bytes(std::string_view text) {
    return parse_with_unit(text, size_units, "512MiB");
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    auto parsed = parse_with_unit(text, time_units_ms, "15s");
    if (!parsed) {
        return std::move(parsed).error();
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(*parsed));
}

std::string size_text(std::uint64_t bytes) {
    return shortest(bytes, size_units);
}

std::string duration_text(std::chrono::milliseconds duration) {
    return shortest(static_cast<std::uint64_t>(duration.count()), time_units_ms);
}

std::string age_text(std::chrono::milliseconds age) {
    const std::int64_t seconds = age.count() / 1000;
    if (seconds < 120) {
        return std::to_string(seconds) + "s";
    }
    if (seconds < 7200) {
        return std::to_string(seconds / 60) + "m";
    }
    if (seconds < 172800) {
        return std::to_string(seconds / 3600) + "h";
    }
    return std::to_string(seconds / 86400) + "d";
}

} // namespace gatehouse
