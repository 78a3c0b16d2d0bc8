#include "connectors/faulty/protocol_faults.hpp"

#include "connectors/faulty/output.hpp"

#include <chrono>
#include <string>
#include <thread>

namespace faulty {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view done = R"({"content":[{"type":"text","text":"done"}]})";

std::string answer_line(const Fault& fault, std::string_view result = done) {
    return R"({"jsonrpc":"2.0","id":)" + fault.id + R"(,"result":)" + std::string(result) + "}";
}

// The answer after bytes that are no message.
void after(const Fault& fault, std::string_view bytes) {
    write_bytes(bytes);
    write_line({answer_line(fault)});
}

void long_answer(const Fault& fault) {
    const std::string text(static_cast<std::size_t>(fault.n) << 20, 'x');
    answer_text(fault.id, text);
}

// A line whose end never comes; n MiB, then silence.
void endless_line(const Fault& fault) {
    write_bytes(R"({"jsonrpc":"2.0","method":")");
    const std::string piece(1 << 20, 'x');
    for (long i = 0; i < fault.n && write_bytes(piece); ++i) {
    }
}

void deep_answer(const Fault& fault) {
    const auto depth = static_cast<std::size_t>(fault.n);
    const std::string nested = std::string(depth, '[') + std::string(depth, ']');
    write_line(
        {answer_line(fault, R"({"content":[],"structuredContent":{"deep":)" + nested + "}}")});
}

void notify_many(const Fault& fault) {
    const auto begin = steady_clock::now();
    for (long i = 0; i < fault.n * fault.ms / 1000; ++i) {
        std::this_thread::sleep_until(begin + milliseconds(i * 1000 / fault.n));
        write_line(
            {R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":")",
             std::to_string(i), "\"}}"});
    }
}

// The answer one byte at a time, n ms between two.
void drip(const Fault& fault) {
    const std::string line = answer_line(fault) + "\n";
    for (const char byte : line) {
        write_bytes(std::string_view(&byte, 1));
        std::this_thread::sleep_for(milliseconds(fault.n));
    }
}

void tool_error(const Fault& fault) {
    const std::string meta = fault.meta.empty() ? "" : R"(,"_meta":)" + fault.meta;
    answer_result(fault.id, R"({"content":[{"type":"text","text":")" + fault.text +
                                R"("}],"isError":true)" + meta + "}");
}

struct ProtocolFault {
    const char* name;
    void (*act)(const Fault& fault);
};

constexpr ProtocolFault protocol_faults[] = {
    {"stray_text", [](const Fault& f) { after(f, "Server listening, have fun!\n"); }},
    {"ansi", [](const Fault& f) { after(f, "\x1b[31mred\x1b[0m\x1b]0;title\a\n"); }},
    {"bom", [](const Fault& f) { after(f, "\xef\xbb\xbf"); }},
    {"crlf", [](const Fault& f) { write_bytes(answer_line(f) + "\r\n"); }},
    {"invalid_utf8",
     [](const Fault& f) {
         write_line(
             {answer_line(f, "{\"content\":[{\"type\":\"text\",\"text\":\"\xff\xfe\xc3(\"}]}")});
     }},
    {"stray_utf8", [](const Fault& f) { after(f, "\xff\xfe\xc3(\n"); }},
    {"nul", [](const Fault& f) { after(f, std::string_view("nul\0nul\n", 8)); }},
    {"long_answer", long_answer},
    {"endless_line", endless_line},
    {"deep", deep_answer},
    {"duplicate",
     [](const Fault& f) {
         write_line({answer_line(f)});
         write_line({answer_line(f)});
     }},
    {"unknown_id",
     [](const Fault& f) {
         answer_text("987654321", "for nobody");
         answer_text("\"no-such\"", "for nobody");
         write_line({answer_line(f)});
     }},
    {"only_unknown_id", [](const Fault&) { answer_text("987654321", "for nobody"); }},
    {"result_and_error",
     [](const Fault& f) {
         write_line({R"({"jsonrpc":"2.0","id":)", f.id,
                     R"(,"result":{},"error":{"code":-1,"message":"both"}})"});
     }},
    {"notifications",
     [](const Fault& f) {
         notify_many(f);
         write_line({answer_line(f)});
     }},
    {"silent", [](const Fault&) {}},
    {"drip", drip},
    {"tool_error", tool_error},
    {"rpc_error",
     [](const Fault& f) { refuse(f.id, std::to_string(f.n == 0 ? -32603 : f.n), f.text); }},
};

} // namespace

bool do_protocol_fault(const Fault& fault) {
    for (const ProtocolFault& kind : protocol_faults) {
        if (fault.kind == kind.name) {
            kind.act(fault);
            return true;
        }
    }
    return false;
}

} // namespace faulty
