// What a connector says of a failure in a result, and its text: both come from foreign hands. What
// is found is within its bounds, and is the same when it is read again.
#include "runtime/health/result_failure.hpp"
#include "runtime/health/text_evidence.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gatehouse::runtime;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto failure = failure_of_result(text);
    if (failure) {
        const auto of = class_of_code(failure->error.code);
        const bool told = of == FailureClass::credential || of == FailureClass::outage;
        const bool bounded = failure->host.size() <= 253 &&
                             (failure->http_status == 0 ||
                              (failure->http_status >= 100 && failure->http_status <= 599));
        const auto again = failure_of_result(text);
        if (!told || !bounded || !again || again->error.code != failure->error.code) {
            std::abort();
        }
    }
    if (hint_of_text(text) != hint_of_text(text.substr(0, 4096))) {
        std::abort();
    }
    return 0;
}
