#include "runtime/manifest/field.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/json.hpp"
#include "runtime/manifest/scalar.hpp"

#include <algorithm>
#include <tuple>

namespace gatehouse::runtime {

namespace {

std::string without_indices(const std::string& path) {
    std::string out;
    bool inside = false;
    for (const char c : path) {
        inside = inside && c != ']';
        if (!inside) {
            out += c;
        }
        inside = inside || c == '[';
    }
    return out;
}

} // namespace

void Reporter::add(Place place, Issue issue) {
    if (full_) {
        return;
    }
    if (issues_.size() >= issues_max_count) {
        full_ = true;
        issues_.push_back(
            {file_, 0, 0, "", issue.code,
             "more than " + std::to_string(issues_max_count) + " issues; the rest is not listed",
             "Correct these first"});
        return;
    }
    issue.file = file_;
    issue.line = place.line;
    issue.column = place.column;
    issues_.push_back(std::move(issue));
}

void Reporter::note_keys(const std::string& path, std::initializer_list<std::string_view> keys) {
    auto& known = known_keys_[without_indices(path)];
    for (const std::string_view key : keys) {
        known.emplace(key);
    }
}

Issues Reporter::take() {
    sort_by_place(issues_);
    return std::move(issues_);
}

void sort_by_place(Issues& issues) {
    std::sort(issues.begin(), issues.end(), [](const Issue& a, const Issue& b) {
        return std::tie(a.line, a.column, a.path, a.code) <
               std::tie(b.line, b.column, b.path, b.code);
    });
}

void Field::fail(const char* code, std::string message, std::string hint) const {
    const Place place = node_ != nullptr ? node_->place : place_;
    reporter_->add(place, {"", 0, 0, path_, code, std::move(message), std::move(hint)});
}

void Field::fail_at_key(const char* code, std::string message, std::string hint) const {
    reporter_->add(place_, {"", 0, 0, path_, code, std::move(message), std::move(hint)});
}

void Field::fail_type(const char* due, std::string hint) const {
    if (node_->kind == NodeKind::null) {
        fail("GH-C504", std::string("has no value where ") + due + " is due",
             "Give a value, or remove the key for the default");
        return;
    }
    fail("GH-C504", std::string(type_text(*node_)) + " where " + due + " is due", std::move(hint));
}

MapFields::MapFields(Field map, std::initializer_list<std::string_view> known_keys)
    : map_(std::move(map)), known_keys_(known_keys) {
    map_.reporter().note_keys(map_.path(), known_keys);
    if (!map_.present()) {
        return;
    }
    if (map_.node().kind != NodeKind::map) {
        map_.fail_type("a map", "Known keys here: " + joined(known_keys_));
        return;
    }
    for (const NodeMember& member : map_.node().members) {
        if (std::find(known_keys_.begin(), known_keys_.end(), member.key) != known_keys_.end()) {
            continue;
        }
        const std::string near = nearest_word(member.key, known_keys_);
        Field(map_, member)
            .fail_at_key("GH-C502", "unknown key",
                         near.empty() ? "Known keys here: " + joined(known_keys_)
                                      : "Did you mean '" + near + "'?");
    }
}

const NodeMember* MapFields::find(std::string_view key) const {
    GH_ASSERT(std::find(known_keys_.begin(), known_keys_.end(), key) != known_keys_.end());
    if (!map_.present()) {
        return nullptr;
    }
    for (const NodeMember& member : map_.node().members) {
        if (member.key == key) {
            return &member;
        }
    }
    return nullptr;
}

Field MapFields::operator[](std::string_view key) const {
    const NodeMember* member = find(key);
    return member != nullptr ? Field(map_, *member) : Field(map_, std::string(key));
}

Field MapFields::required(std::string_view key) const {
    Field field = (*this)[key];
    if (!field.present() && map_.present() && map_.node().kind == NodeKind::map) {
        field.fail("GH-C505", "required, and missing", "Add '" + std::string(key) + ":'");
    }
    return field;
}

std::string shown(const std::string& text) {
    constexpr std::size_t shown_max_bytes = 60;
    return text.size() <= shown_max_bytes ? json_quote(text)
                                          : json_quote(text.substr(0, shown_max_bytes)) + "…";
}

std::string joined(const std::vector<std::string_view>& words) {
    std::string out;
    for (const std::string_view word : words) {
        out += out.empty() ? "" : ", ";
        out += word;
    }
    return out;
}

} // namespace gatehouse::runtime
