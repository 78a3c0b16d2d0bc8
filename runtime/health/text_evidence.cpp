#include "runtime/health/text_evidence.hpp"

#include <memory>
#include <re2/re2.h>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t text_looked_at_bytes = 4096;
constexpr std::size_t log_lines_needed_count = 3;
constexpr std::chrono::seconds text_window{60};
constexpr int lines_a_second_max_count = 50;

// Words that a refused credential and an absent service are reported with, by the usual libraries:
// HTTP status phrases, OAuth error codes, errno names, resolver and TLS messages.
constexpr const char* auth_pattern =
    R"re((?i)(\b(?:http|status|code|error)[ /:="']{1,3}(?:1\.[01] )?40[13]\b|\b401 unauthori[sz]ed|)re"
    R"re(\b403 forbidden|\bunauthori[sz]ed\b|\binvalid[_ -](?:grant|token|api[_ -]?key|credentials?|client)\b|)re"
    R"re(\bbad credentials\b|\btoken (?:has |is )?expired\b|\bexpired token\b|)re"
    R"re(\bauthentication (?:failed|required)\b|\baccess[_ ]denied\b))re";
constexpr const char* downstream_pattern =
    R"re((?i)(\bECONN(?:REFUSED|RESET|ABORTED)\b|\bETIMEDOUT\b|\bENOTFOUND\b|\bEAI_AGAIN\b|)re"
    R"re(\bEHOSTUNREACH\b|\bENETUNREACH\b|\bconnection (?:refused|reset|timed out)\b|)re"
    R"re(\b(?:getaddrinfo|name resolution|could not resolve)\b|\bname or service not known\b|)re"
    R"re(\bcertificate (?:has expired|verify failed)\b|\bservice unavailable\b|\bbad gateway\b|)re"
    R"re(\bgateway time-?out\b|\btoo many requests\b|\brate limit(?:ed)?\b|)re"
    R"re(\b(?:http|status|code|error)[ /:="']{1,3}(?:1\.[01] )?(?:429|50[0234])\b))re";

struct Patterns {
    RE2 auth{auth_pattern};
    RE2 downstream{downstream_pattern};
};

// Compiled once; never changed.
const Patterns& hint_patterns() {
    static const Patterns patterns;
    return patterns;
}

struct Found {
    TextHint hint = TextHint::nothing;
    std::string words; // that matched: they are words of the pattern, so no secret is among them
};

Found find_hint(std::string_view text) {
    const std::string_view head = text.substr(0, text_looked_at_bytes);
    const re2::StringPiece piece(head.data(), head.size());
    Found found;
    if (RE2::PartialMatch(piece, hint_patterns().auth, &found.words)) {
        found.hint = TextHint::auth;
    } else if (RE2::PartialMatch(piece, hint_patterns().downstream, &found.words)) {
        found.hint = TextHint::downstream;
    }
    return found;
}

Error suspicion_error(TextHint hint, TextOrigin origin, const std::string& words) {
    const bool auth = hint == TextHint::auth;
    Error error;
    error.code = auth ? "GH-A115" : "GH-D211";
    error.what = auth ? "its text hints that its credential is refused"
                      : "its text hints that the service behind it is away";
    error.why = (origin == TextOrigin::tool_error ? "a tool error says \"" : "its log says \"") +
                words + "\"; text alone proves nothing";
    error.action = auth ? "check the credential it was given" : "check the service behind it";
    return error;
}

} // namespace

TextHint hint_of_text(std::string_view text) {
    return find_hint(text).hint;
}

void TextEvidence::add(TextOrigin origin, std::string_view text, WallTime now) {
    if (origin == TextOrigin::log_line) {
        if (now - second_ >= std::chrono::seconds(1) || now < second_) {
            second_ = now;
            lines_looked_at_ = 0;
        }
        if (++lines_looked_at_ > lines_a_second_max_count) {
            return;
        }
    }
    const Found found = find_hint(text);
    if (found.hint == TextHint::nothing) {
        return;
    }
    suspect(found.hint == TextHint::auth ? auth_ : downstream_, origin,
            suspicion_error(found.hint, origin, found.words), now);
}

void TextEvidence::suspect(Suspicion& suspicion, TextOrigin origin, Error cause, WallTime now) {
    auto& seen = suspicion.seen;
    seen.push_back(now);
    while (seen.size() > log_lines_needed_count || seen.front() <= now - text_window) {
        seen.pop_front();
    }
    const auto before = current(suspicion, now);
    if (!before && origin == TextOrigin::log_line && seen.size() < log_lines_needed_count) {
        return;
    }
    DatedCause fact;
    fact.since = before ? before->since : now;
    fact.cause = std::move(cause);
    fact.source = EvidenceSource::text;
    fact.last_seen = now;
    suspicion.fact = std::move(fact);
}

std::optional<DatedCause> TextEvidence::current(const Suspicion& suspicion, WallTime now) {
    const auto& fact = suspicion.fact;
    return fact && *fact->last_seen > now - text_window ? fact : std::nullopt;
}

void TextEvidence::reset() {
    *this = TextEvidence();
}

std::optional<DatedCause> TextEvidence::suspected_auth(WallTime now) const {
    return current(auth_, now);
}

std::optional<DatedCause> TextEvidence::suspected_downstream(WallTime now) const {
    return current(downstream_, now);
}

} // namespace gatehouse::runtime
