// bench_load --url http://127.0.0.1:PORT/PATH --params JSON [--in-flight N] [--duration-ms N]
// [--warm-up-ms N]
//            [--header 'Name: value']… [--answer-min-bytes N] [--progress N]
// Prints one line of JSON; exit 1 if any answer was wrong.
#include "tests/bench/load.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string_view>

namespace {

using gatehouse::bench::LoadOptions;
using gatehouse::bench::LoadResult;

void read_url(std::string_view url, LoadOptions& options) {
    constexpr std::string_view scheme = "http://";
    const std::size_t colon = url.find(':', scheme.size());
    const std::size_t slash = url.find('/', scheme.size());
    if (!url.starts_with(scheme) || colon == std::string_view::npos ||
        slash == std::string_view::npos) {
        throw std::runtime_error("--url must be http://ADDRESS:PORT/PATH");
    }
    options.host = url.substr(scheme.size(), colon - scheme.size());
    options.port =
        static_cast<std::uint16_t>(std::atoi(std::string(url.substr(colon + 1)).c_str()));
    options.path = url.substr(slash);
}

LoadOptions read_options(int argc, char** argv) {
    LoadOptions options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const std::string value = argv[i + 1];
        if (name == "--url") {
            read_url(value, options);
        } else if (name == "--params") {
            options.params = value;
        } else if (name == "--header") {
            options.headers.push_back(value);
        } else if (name == "--in-flight") {
            options.in_flight = std::stoi(value);
        } else if (name == "--duration-ms") {
            options.duration = std::chrono::milliseconds(std::stoi(value));
        } else if (name == "--warm-up-ms") {
            options.warm_up = std::chrono::milliseconds(std::stoi(value));
        } else if (name == "--answer-min-bytes") {
            options.answer_min_bytes = std::stoul(value);
        } else if (name == "--progress") {
            options.progress_count = std::stoul(value);
        } else {
            throw std::runtime_error("unknown option " + std::string(name));
        }
    }
    if (argc % 2 == 0 || options.port == 0 || options.params.empty() || options.in_flight < 1) {
        throw std::runtime_error("--url and --params are needed, each option takes one value");
    }
    return options;
}

unsigned at(const std::vector<std::uint32_t>& sorted, double part) {
    return sorted.empty()
               ? 0
               : sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

void print(LoadResult& result) {
    std::vector<std::uint32_t>& sorted = result.latencies_us;
    std::sort(sorted.begin(), sorted.end());
    std::printf("{\"calls\":%llu,\"errors\":%llu,\"seconds\":%.3f,\"calls_per_s\":%.1f,\"p50_us\":%"
                "u,\"p99_us\":%u,"
                "\"bytes_per_s\":%.0f}\n",
                static_cast<unsigned long long>(result.calls),
                static_cast<unsigned long long>(result.errors), result.seconds,
                static_cast<double>(result.calls) / result.seconds, at(sorted, 0.5),
                at(sorted, 0.99), static_cast<double>(result.body_bytes) / result.seconds);
}

} // namespace

int main(int argc, char** argv) {
    try {
        LoadResult result = gatehouse::bench::run_load(read_options(argc, argv));
        print(result);
        if (!result.first_error.empty()) {
            std::fprintf(stderr, "bench_load: a wrong answer:\n%s\n", result.first_error.c_str());
        }
        return result.errors == 0 && result.calls > 0 ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_load: %s\n", error.what());
        return 1;
    }
}
