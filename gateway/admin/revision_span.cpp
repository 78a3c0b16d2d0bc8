#include "gateway/admin/revision_span.hpp"

namespace gatehouse::gateway {

namespace {

constexpr std::string_view revision_mark = "revision ";
constexpr std::size_t revision_min_digits_count = 4;
// Each page reads a file from its beginning, so that few large ones cost less than many.
constexpr std::size_t events_page_max_count = 20'000;

// "1f2e3d4c" in "revision 1f2e3d4c, …"; empty if the event names none.
std::string_view revision_in(const runtime::Event& event) {
    const std::string_view text = event.text;
    const std::size_t mark = text.find(revision_mark);
    if (mark == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = text.substr(mark + revision_mark.size());
    return rest.substr(0, rest.find_first_not_of("0123456789abcdef"));
}

} // namespace

std::optional<RevisionSpan> find_revision(runtime::EventLog& events, const std::string& connector,
                                          const std::string& revision) {
    std::optional<RevisionSpan> span;
    if (revision.size() < revision_min_digits_count) {
        return span;
    }
    runtime::EventFilter filter;
    filter.connector = connector;
    filter.kind = runtime::EventKind::lifecycle;
    filter.max_count = events_page_max_count;
    for (;;) {
        const std::vector<runtime::Event> page = events.read(filter);
        for (const runtime::Event& event : page) {
            const std::string_view seen = revision_in(event);
            if (seen.starts_with(revision)) {
                span = RevisionSpan{span ? span->since : event.time, std::nullopt};
            } else if (!seen.empty() && span && !span->until) {
                span->until = event.time;
            }
        }
        if (page.size() < events_page_max_count) {
            return span;
        }
        filter.after_seq = page.back().seq;
    }
}

} // namespace gatehouse::gateway
