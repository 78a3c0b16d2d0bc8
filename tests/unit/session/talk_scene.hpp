// What the tests of a legacy connector's questions share: calls that hear, and what they heard.
#pragma once

#include "runtime/session/json_scan.hpp"
#include "tests/unit/session/session_stage.hpp"

namespace session_test {

inline std::string question(const std::string& id,
                            const std::string& method = "elicitation/create") {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method +
           R"(","params":{"message":"q"}})";
}

// Filled by the handlers of the calls below; the tests clear it.
struct Heard {
    std::vector<std::shared_ptr<InputRequest>> inputs;
    std::vector<std::string> logs;
};
inline Heard heard;

inline std::shared_ptr<ConnectorCall> hearing_call(std::chrono::milliseconds deadline = 5s) {
    auto call = new_call("{}", deadline);
    call->caller = std::make_shared<Caller>();
    call->on_input = [](std::shared_ptr<InputRequest> request) {
        heard.inputs.push_back(std::move(request));
    };
    call->on_log = [](std::string_view params) { heard.logs.emplace_back(params); };
    return call;
}

inline Task<void> wait_for(Stage& stage, bool (*done)(const Stage&)) {
    return Stage::until(stage, [&stage, done] { return done(stage); });
}

inline void answer_empty(FakeConnector& connector, const std::string& line) {
    connector.write_line(result_line(id_in(line), "{}"));
}

// The answer among `lines` with this raw id.
inline std::string answer_to(const Stage& stage, const std::string& id) {
    for (const std::string& line : stage.connector->received) {
        if (!find_member(line, "method") && find_member(line, "id") == id) {
            return line;
        }
    }
    return "";
}

} // namespace session_test
