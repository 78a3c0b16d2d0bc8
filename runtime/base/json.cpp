#include "runtime/base/json.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace gatehouse {

namespace {

// Builds nothing: checks depth and duplicate keys while the parser runs over the text.
class StructureCheck final : public nlohmann::json_sax<nlohmann::json> {
  public:
    explicit StructureCheck(std::size_t max_depth) : max_depth_(max_depth) {}

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return enter(); }
    bool key(string_t& name) override {
        if (!keys_.back().insert(name).second) {
            problem_ = "duplicate key '" + name + "'";
            return false;
        }
        return true;
    }
    bool end_object() override { return leave(); }
    bool start_array(std::size_t) override { return enter(); }
    bool end_array() override { return leave(); }
    bool parse_error(std::size_t, const std::string&,
                     const nlohmann::json::exception& error) override {
        problem_ = error.what();
        return false;
    }
    const std::string& problem() const { return problem_; }

  private:
    bool enter() {
        keys_.emplace_back();
        if (keys_.size() > max_depth_) {
            problem_ = "nested deeper than " + std::to_string(max_depth_) + " levels";
            return false;
        }
        return true;
    }
    bool leave() {
        keys_.pop_back();
        return true;
    }

    std::size_t max_depth_;
    std::vector<std::set<std::string>> keys_;
    std::string problem_;
};

Error json_error(std::string why) {
    return Error{"GH-M403", "not valid JSON", "", std::move(why), ""};
}

} // namespace

Result<Json> parse_json(std::string_view text, std::size_t max_depth) {
    // The library takes a NUL byte for the end of the text and would pass over what follows it.
    if (text.find('\0') != std::string_view::npos) {
        return json_error("a NUL byte");
    }
    StructureCheck check(max_depth);
    if (!nlohmann::json::sax_parse(text, &check)) {
        return json_error(check.problem());
    }
    Json parsed = Json::parse(text, nullptr, false);
    if (parsed.is_discarded()) {
        return json_error("unreadable");
    }
    return parsed;
}

std::string dump_json(const Json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_quote(std::string_view text) {
    const auto plain = [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; };
    if (!std::all_of(text.begin(), text.end(), plain)) {
        return dump_json(Json(std::string(text)));
    }
    std::string quoted;
    quoted.reserve(text.size() + 2);
    quoted += '"';
    quoted += text;
    quoted += '"';
    return quoted;
}

} // namespace gatehouse
