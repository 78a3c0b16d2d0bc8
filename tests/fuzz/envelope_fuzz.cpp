// Whatever the bytes, read_envelope gives a message whose parts lie in the text and are valid, or
// an Error. What was accepted can be spliced into a request that is one valid line.
#include "runtime/base/assert.hpp"
#include "runtime/session/envelope.hpp"
#include "runtime/session/id_guess.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/request_text.hpp"

#include <algorithm>
#include <cstdint>

using namespace gatehouse;
using namespace gatehouse::runtime;

namespace {

void check_part(std::string_view text, std::string_view part) {
    if (!part.empty()) {
        GH_ASSERT(part.data() >= text.data());
        GH_ASSERT(part.data() + part.size() <= text.data() + text.size());
        GH_ASSERT(validate_json(part));
    }
}

void check_splice(const Envelope& envelope) {
    if (envelope.params.empty() || envelope.params.front() != '{') {
        return;
    }
    std::string out;
    append_request(RequestText{9, envelope.method, envelope.params, true}, out);
    GH_ASSERT(std::count(out.begin(), out.end(), '\n') == 1);
    GH_ASSERT(find_pointer(out, "/params/_meta/progressToken") == "9");
    // A `_meta` or token that was there already and of another depth may only make it too deep.
    const auto checked = validate_json(out);
    GH_ASSERT(checked || checked.error().why == "nested too deeply");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(guess_id(text, text));
    const auto envelope = read_envelope(text);
    if (!envelope) {
        GH_ASSERT(envelope.error().code == "GH-M403");
        return 0;
    }
    for (const auto part : {envelope->id, envelope->params, envelope->result, envelope->error}) {
        check_part(text, part);
    }
    const bool is_response = envelope->kind == MessageKind::response;
    GH_ASSERT(is_response == (envelope->result.empty() != envelope->error.empty()));
    GH_ASSERT((envelope->kind == MessageKind::notification) == envelope->id.empty());
    check_splice(*envelope);
    return 0;
}
