#include "gateway/cli/commands.hpp"
#include "runtime/base/cause_codes.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t near_max_count = 5;

Json entry_json(const CauseCode& entry) {
    Json json = Json::object();
    json["code"] = entry.code;
    json["title"] = entry.title;
    json["meaning"] = entry.meaning;
    json["action"] = entry.action;
    json["who"] = entry.who;
    return json;
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return text;
}

// How many characters differ, with those that only one of them has.
std::size_t difference(std::string_view a, std::string_view b) {
    std::size_t count = std::max(a.size(), b.size()) - std::min(a.size(), b.size());
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        count += a[i] != b[i] ? 1 : 0;
    }
    return count;
}

std::string near_codes(const std::string& given) {
    const std::string code = upper(given);
    std::vector<std::pair<std::size_t, std::string_view>> near;
    for (const CauseCode& entry : all_cause_codes()) {
        const std::string_view bare = entry.code.substr(3);
        const std::size_t away = std::min(difference(code, entry.code), difference(code, bare));
        if (away <= 1) {
            near.emplace_back(away, entry.code);
        }
    }
    std::sort(near.begin(), near.end());
    std::string text;
    for (std::size_t i = 0; i < std::min(near.size(), near_max_count); ++i) {
        text += (text.empty() ? "" : ", ") + std::string(near[i].second);
    }
    return text;
}

void print_all(CliContext& context) {
    Table table;
    table.headers = {"CODE", "WHO", "TITLE"};
    Json list = Json::array();
    for (const CauseCode& entry : all_cause_codes()) {
        table.rows.push_back(
            {{std::string(entry.code)}, {std::string(entry.who)}, {std::string(entry.title)}});
        list.push_back(entry_json(entry));
    }
    if (context.wants_value()) {
        print_value(context, list);
    } else if (context.options.format == OutputFormat::name) {
        for (const CauseCode& entry : all_cause_codes()) {
            context.out << entry.code << '\n';
        }
    } else {
        context.out << render_table(table, context.table_style());
    }
}

} // namespace

ExitCode run_explain(CliContext& context, const std::string& code) {
    if (code.empty()) {
        print_all(context);
        return ExitCode::ok;
    }
    const CauseCode* entry = find_cause_code(code);
    if (entry == nullptr) {
        const std::string near = near_codes(code);
        return fail_with(context, Error{"GH-N404", "there is no cause code '" + code + "'", "", "",
                                        near.empty() ? "See all of them with `gatehouse explain`"
                                                     : "Near it: " + near});
    }
    if (context.wants_value()) {
        print_value(context, entry_json(*entry));
    } else if (context.options.format == OutputFormat::name) {
        context.out << entry->code << '\n';
    } else {
        context.out << explain_view(entry_json(*entry), context.out_width);
    }
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
