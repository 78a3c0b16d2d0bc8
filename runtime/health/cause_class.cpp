#include "runtime/health/cause_class.hpp"

#include <algorithm>
#include <array>

namespace gatehouse::runtime {

namespace {

constexpr std::array<std::string_view, 3> credential_codes = {"GH-A101", "GH-A103", "GH-A104"};
// Of text alone.
constexpr std::array<std::string_view, 2> suspicion_codes = {"GH-A115", "GH-D211"};
// Made by our own dialling; the status of an answer is the protocol's.
constexpr std::array<std::string_view, 5> egress_codes = {"GH-D201", "GH-D202", "GH-D203",
                                                          "GH-D204", "GH-D208"};
// Made from what the service or the connector answered.
constexpr std::array<std::string_view, 3> answer_codes = {"GH-A103", "GH-A104", "GH-S601"};
// Nothing the connector did: it was stopped on purpose, or we could not dial.
constexpr std::array<std::string_view, 3> our_process_codes = {"GH-P311", "GH-P316", "GH-P317"};

template <std::size_t count>
bool is_one_of(const std::array<std::string_view, count>& codes, std::string_view code) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

} // namespace

std::string_view to_text(EvidenceSource source) {
    constexpr std::array<std::string_view, 6> texts = {"", "S1", "S2", "S3", "S4", "S5"};
    return texts[static_cast<std::size_t>(source)];
}

FailureClass class_of_code(std::string_view code) {
    if (is_one_of(credential_codes, code)) {
        return FailureClass::credential;
    }
    if (is_one_of(suspicion_codes, code)) {
        return FailureClass::client; // no call fails with one
    }
    if (code == "GH-D208" || code.starts_with("GH-G9")) {
        return FailureClass::policy;
    }
    if (code.starts_with("GH-D2")) {
        return FailureClass::outage;
    }
    if (is_one_of(our_process_codes, code)) {
        return FailureClass::client;
    }
    const bool connector =
        code.starts_with("GH-P3") || code.starts_with("GH-M40") || code.starts_with("GH-S6");
    return connector ? FailureClass::connector : FailureClass::client;
}

EvidenceSource source_of_code(std::string_view code) {
    if (is_one_of(suspicion_codes, code)) {
        return EvidenceSource::text;
    }
    if (is_one_of(egress_codes, code)) {
        return EvidenceSource::egress;
    }
    const bool protocol = is_one_of(answer_codes, code) || code.starts_with("GH-D20") ||
                          code.starts_with("GH-D21") || code.starts_with("GH-M4");
    if (protocol && code != "GH-D207") {
        return EvidenceSource::protocol;
    }
    // The rest of these is told by our own token calls and the vault.
    if (code.starts_with("GH-A1") || code == "GH-D207") {
        return EvidenceSource::credential;
    }
    const bool process =
        code.starts_with("GH-P3") || code.starts_with("GH-S6") || code.starts_with("GH-L8");
    return process ? EvidenceSource::process : EvidenceSource::none;
}

} // namespace gatehouse::runtime
