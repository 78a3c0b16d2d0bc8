#include "runtime/session/json_structure.hpp"

#include "runtime/session/json_text.hpp"
#include "runtime/session/utf8_check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <forward_list>
#include <string>

namespace gatehouse::runtime {

namespace {

// Up to this many keys in one object are compared each with each; more are sorted when the object
// closes. Sorting instead of hashing: no choice of keys by an attacker makes it slow.
constexpr std::size_t linear_keys_max_count = 16;

bool is_digit_byte(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex_byte(char c) {
    return is_digit_byte(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

class StructureScan {
  public:
    StructureScan(std::string_view text, NotedMembers* outermost)
        : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), outermost_(outermost) {}

    ScanProblem run() {
        Step step = Step::value;
        while (step != Step::done && step != Step::failed) {
            switch (step) {
            case Step::value:
                step = read_value();
                break;
            case Step::key:
                step = read_key();
                break;
            default:
                step = after_value();
                break;
            }
        }
        return problem_;
    }

  private:
    enum class Step { value, key, after_value, done, failed };
    struct Level {
        std::uint32_t first_key;
        bool is_object;
    };

    Step fail(const char* reason) {
        problem_ = ScanProblem{reason, static_cast<std::size_t>(at_ - begin_)};
        return Step::failed;
    }
    void skip() {
        if (at_ != end_ && static_cast<unsigned char>(*at_) <= ' ') {
            at_ = skip_space(at_, end_);
        }
    }

    Step read_value();
    Step read_key();
    Step after_value();
    Step open(bool is_object);
    Step close();
    Step read_string();
    Step read_number();
    Step read_word(std::string_view word);
    bool read_digits();
    // From behind the opening quote to behind the closing one.
    bool pass_string(bool& has_escapes);
    bool pass_escape();
    bool note_key(std::string_view raw, bool has_escapes);
    bool keys_are_distinct(std::size_t first);
    void note_member();

    const char* begin_;
    const char* at_;
    const char* end_;
    NotedMembers* outermost_;
    ScanProblem problem_;
    std::size_t depth_ = 0;
    std::array<Level, json_depth_max> levels_; // only the first depth_ are set
    boost::container::small_vector<std::string_view, 24> keys_;
    std::forward_list<std::string> unescaped_; // keys written with escapes
    std::string_view member_key_;
    const char* member_value_ = nullptr;
};

StructureScan::Step StructureScan::read_value() {
    skip();
    if (at_ == end_) {
        return fail("a value is missing at the end");
    }
    if (depth_ == 1) {
        member_value_ = at_;
    }
    switch (*at_) {
    case '{':
        return open(true);
    case '[':
        return open(false);
    case '"':
        return read_string();
    case 't':
        return read_word("true");
    case 'f':
        return read_word("false");
    case 'n':
        return read_word("null");
    default:
        return read_number();
    }
}

StructureScan::Step StructureScan::open(bool is_object) {
    if (depth_ == json_depth_max) {
        return fail("nested too deeply");
    }
    levels_[depth_] = Level{static_cast<std::uint32_t>(keys_.size()), is_object};
    ++depth_;
    ++at_;
    skip();
    if (at_ != end_ && *at_ == (is_object ? '}' : ']')) {
        return close();
    }
    return is_object ? Step::key : Step::value;
}

StructureScan::Step StructureScan::close() {
    const Level& level = levels_[depth_ - 1];
    if (level.is_object) {
        if (!keys_are_distinct(level.first_key)) {
            return fail("duplicate key");
        }
        keys_.resize(level.first_key);
    }
    --depth_;
    ++at_;
    return Step::after_value;
}

StructureScan::Step StructureScan::after_value() {
    if (depth_ == 1 && outermost_ != nullptr && levels_[0].is_object) {
        note_member();
    }
    skip();
    if (depth_ == 0) {
        return at_ == end_ ? Step::done : fail("text after the value");
    }
    if (at_ == end_) {
        return fail("the text ends inside a value");
    }
    const bool is_object = levels_[depth_ - 1].is_object;
    if (*at_ == ',') {
        ++at_;
        return is_object ? Step::key : Step::value;
    }
    if (*at_ == (is_object ? '}' : ']')) {
        return close();
    }
    return fail(is_object ? "',' or '}' expected" : "',' or ']' expected");
}

StructureScan::Step StructureScan::read_key() {
    skip();
    if (at_ == end_ || *at_ != '"') {
        return fail("a key in quotes expected");
    }
    ++at_;
    const char* const start = at_;
    bool has_escapes = false;
    if (!pass_string(has_escapes)) {
        return Step::failed;
    }
    const std::string_view raw(start, static_cast<std::size_t>(at_ - start) - 1);
    if (!note_key(raw, has_escapes)) {
        return Step::failed;
    }
    if (depth_ == 1) {
        member_key_ = raw;
    }
    skip();
    if (at_ == end_ || *at_ != ':') {
        return fail("':' expected");
    }
    ++at_;
    return Step::value;
}

StructureScan::Step StructureScan::read_string() {
    ++at_;
    bool has_escapes = false;
    return pass_string(has_escapes) ? Step::after_value : Step::failed;
}

bool StructureScan::pass_string(bool& has_escapes) {
    while (true) {
        at_ = skip_plain_text(at_, end_);
        if (at_ == end_) {
            fail("a string does not end");
            return false;
        }
        if (*at_ == '"') {
            ++at_;
            return true;
        }
        if (*at_ != '\\') {
            fail("a control byte inside a string");
            return false;
        }
        has_escapes = true;
        if (!pass_escape()) {
            fail("an unknown escape inside a string");
            return false;
        }
    }
}

bool StructureScan::pass_escape() {
    if (end_ - at_ < 2) {
        return false;
    }
    switch (at_[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        at_ += 2;
        return true;
    case 'u':
        if (end_ - at_ < 6 || !std::all_of(at_ + 2, at_ + 6, is_hex_byte)) {
            return false;
        }
        at_ += 6;
        return true;
    default:
        return false;
    }
}

StructureScan::Step StructureScan::read_word(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() ||
        std::memcmp(at_, word.data(), word.size()) != 0) {
        return fail("a value expected");
    }
    at_ += word.size();
    return Step::after_value;
}

bool StructureScan::read_digits() {
    const char* const start = at_;
    while (at_ != end_ && is_digit_byte(*at_)) {
        ++at_;
    }
    return at_ != start;
}

StructureScan::Step StructureScan::read_number() {
    if (*at_ == '-') {
        ++at_;
    }
    const char* const first = at_;
    if (!read_digits()) {
        return fail("a value expected");
    }
    if (*first == '0' && at_ - first > 1) {
        return fail("a number with a leading zero");
    }
    if (at_ != end_ && *at_ == '.') {
        ++at_;
        if (!read_digits()) {
            return fail("a digit expected after '.'");
        }
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
        ++at_;
        if (at_ != end_ && (*at_ == '+' || *at_ == '-')) {
            ++at_;
        }
        if (!read_digits()) {
            return fail("a digit expected in the exponent");
        }
    }
    return Step::after_value;
}

bool StructureScan::note_key(std::string_view raw, bool has_escapes) {
    std::string_view key = raw;
    if (has_escapes) {
        std::string& plain = unescaped_.emplace_front();
        if (!append_unescaped(raw, plain)) {
            fail("half a surrogate pair in a key");
            return false;
        }
        key = plain;
    }
    const std::size_t first = levels_[depth_ - 1].first_key;
    if (keys_.size() - first < linear_keys_max_count) {
        for (std::size_t i = first; i < keys_.size(); ++i) {
            if (keys_[i] == key) {
                fail("duplicate key");
                return false;
            }
        }
    }
    keys_.push_back(key);
    return true;
}

bool StructureScan::keys_are_distinct(std::size_t first) {
    if (keys_.size() - first <= linear_keys_max_count) {
        return true;
    }
    const auto shorter_or_less = [](std::string_view a, std::string_view b) {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    };
    const auto from = keys_.begin() + static_cast<std::ptrdiff_t>(first);
    std::sort(from, keys_.end(), shorter_or_less);
    return std::adjacent_find(from, keys_.end()) == keys_.end();
}

void StructureScan::note_member() {
    if (outermost_->items.size() >= noted_members_max_count) {
        outermost_->too_many = true;
        return;
    }
    // A container was left just now, or a scalar was read: either way the value ends here.
    const std::string_view value(member_value_, static_cast<std::size_t>(at_ - member_value_));
    outermost_->items.push_back(JsonMember{member_key_, value});
}

} // namespace

ScanProblem scan_json(std::string_view text, NotedMembers* outermost) {
    ScanProblem problem = StructureScan(text, outermost).run();
    if (!problem.found() && !is_valid_utf8(text)) {
        problem.reason = "not valid UTF-8";
    }
    return problem;
}

std::string to_text(const ScanProblem& problem) {
    return "byte " + std::to_string(problem.offset) + ": " + problem.reason;
}

} // namespace gatehouse::runtime
