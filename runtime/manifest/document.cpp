#include "runtime/manifest/document.hpp"

#include "runtime/base/error.hpp"
#include "runtime/base/json.hpp"
#include "runtime/manifest/text_check.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace gatehouse::runtime {

namespace {

Place place_of(const YAML::Mark& mark) {
    return {mark.line + 1, mark.column + 1};
}

constexpr std::size_t parse_issues_max_count = 100;

// Leaves the parser where going on makes no sense; the issue is already noted.
struct StopReading {};

// Builds the tree from the parser's events: the events carry anchors, tags and equal keys, which
// the library's node tree hides.
class TreeBuilder final : public YAML::EventHandler {
  public:
    explicit TreeBuilder(Document& document) : document_(document) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++document_count_ > 1) {
            note(mark, "GH-C501", "a second YAML document", "Keep one document per file");
            throw StopReading{};
        }
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_extras(mark, "?", anchor);
        add(leaf(NodeKind::null, mark));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        note(mark, "GH-C501", "aliases (*name) are not supported", "Write the value out");
        add(leaf(NodeKind::null, mark));
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_extras(mark, tag, anchor);
        Node node = leaf(NodeKind::scalar, mark);
        node.text = value;
        node.quoted = tag == "!";
        add(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(NodeKind::sequence, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(NodeKind::map, mark, tag, anchor);
    }
    void OnMapEnd() override { close(); }

  private:
    // One open sequence or map; in a map, key is set between a key and its value.
    struct Frame {
        Node node;
        bool has_key = false;
        NodeMember pending;
        std::map<std::string, int> key_lines;
    };

    static Node leaf(NodeKind kind, const YAML::Mark& mark) {
        Node node;
        node.kind = kind;
        node.place = place_of(mark);
        return node;
    }

    void open(NodeKind kind, const YAML::Mark& mark, const std::string& tag,
              YAML::anchor_t anchor) {
        refuse_extras(mark, tag, anchor);
        if (stack_.size() >= document_max_depth) {
            stack_.clear(); // a path of that depth would say nothing
            note(mark, "GH-C501",
                 "nested deeper than " + std::to_string(document_max_depth) + " levels",
                 "A valid file needs far fewer; look for an opened bracket");
            throw StopReading{};
        }
        stack_.push_back({});
        stack_.back().node = leaf(kind, mark);
    }

    void close() {
        Node node = std::move(stack_.back().node);
        stack_.pop_back();
        add(std::move(node));
    }

    void add(Node node) {
        if (stack_.empty()) {
            document_.root = std::move(node);
            return;
        }
        Frame& top = stack_.back();
        if (top.node.kind == NodeKind::sequence) {
            top.node.items.push_back(std::move(node));
        } else if (!top.has_key) {
            take_key(top, std::move(node));
        } else {
            take_value(top, std::move(node));
        }
    }

    void take_key(Frame& top, Node node) {
        if (node.kind != NodeKind::scalar) {
            note(node.place, {"GH-C501", "a key must be plain text", "Write 'key: value'"});
        } else if (node.text == "<<" && !node.quoted) {
            note(node.place,
                 {"GH-C501", "merge keys (<<) are not supported", "Write the keys out"});
        }
        top.pending.key = node.text;
        top.pending.key_place = node.place;
        top.has_key = true;
    }

    void take_value(Frame& top, Node node) {
        top.has_key = false;
        // The place of a value that is not there is that of whatever comes next; the key's says
        // more.
        if (node.kind == NodeKind::null && node.place.line != top.pending.key_place.line) {
            node.place = top.pending.key_place;
        }
        const auto [first, is_new] =
            top.key_lines.emplace(top.pending.key, top.pending.key_place.line);
        if (!is_new) {
            top.has_key = true; // so that the path of the issue ends with this key
            note(top.pending.key_place,
                 {"GH-C507",
                  "the key is given twice, first on line " + std::to_string(first->second),
                  "Remove one of them"});
            top.has_key = false;
            return;
        }
        top.pending.value = std::move(node);
        top.node.members.push_back(std::move(top.pending));
        top.pending = {};
    }

    void refuse_extras(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) {
            note(mark, "GH-C501", "anchors (&name) are not supported",
                 "Write the value out where it is used");
        }
        if (!tag.empty() && tag != "?" && tag != "!") {
            note(mark, "GH-C501", "tags (!name) are not supported", "Remove the tag");
        }
    }

    struct Text {
        std::string code;
        std::string message;
        std::string hint;
    };

    void note(const YAML::Mark& mark, const char* code, std::string message, std::string hint) {
        note(place_of(mark), {code, std::move(message), std::move(hint)});
    }
    void note(Place place, Text text) {
        if (document_.issues.size() >= parse_issues_max_count) {
            throw StopReading{};
        }
        document_.issues.push_back({document_.file, place.line, place.column, current_path(),
                                    std::move(text.code), std::move(text.message),
                                    std::move(text.hint)});
    }

    std::string current_path() const {
        std::string path;
        for (const Frame& frame : stack_) {
            if (frame.node.kind == NodeKind::sequence) {
                path = path_of_item(path, frame.node.items.size());
            } else if (frame.has_key) {
                path = path_of_key(path, frame.pending.key);
            }
        }
        return path;
    }

    Document& document_;
    std::vector<Frame> stack_;
    int document_count_ = 0;
};

std::string yaml_hint(const std::string& message) {
    if (message == YAML::ErrorMsg::MAP_VALUE || message == YAML::ErrorMsg::MAP_KEY) {
        return "Check the indentation of this line, and quote a text that holds ': '";
    }
    if (message.find("end of") == 0) {
        return "Check the indentation, the brackets and the quotes above this line";
    }
    return "";
}

void add_document_issue(Document& document, Place place, const std::string& message,
                        const std::string& hint) {
    document.issues.push_back(
        {document.file, place.line, place.column, "", "GH-C501", message, hint});
}

// The parser's complaint in the terms of who wrote the file.
void add_yaml_issue(Document& document, std::string_view text, const YAML::Exception& problem) {
    const auto ends = std::count(text.begin(), text.end(), '\n');
    const int last_line = static_cast<int>(ends) + (!text.empty() && text.back() == '\n' ? 0 : 1);
    Place place = problem.mark.is_null() ? Place{} : place_of(problem.mark);
    if (place.line > last_line) {
        place = {last_line, 1}; // seen only at the end mark that parse_yaml adds
    }
    std::size_t line_start = 0;
    for (int line = 1; line < place.line; ++line) {
        line_start = text.find('\n', line_start) + 1;
    }
    const std::size_t indented = text.find_first_not_of(" ", line_start);
    if (place.line > 0 && indented != std::string_view::npos && text[indented] == '\t') {
        add_document_issue(document, {place.line, static_cast<int>(indented - line_start) + 1},
                           "not valid YAML: a tab in the indentation", "Indent with spaces");
    } else if (problem.msg == YAML::ErrorMsg::DOC_IN_SCALAR ||
               problem.msg == YAML::ErrorMsg::EOF_IN_SCALAR) {
        add_document_issue(document, place, "not valid YAML: a quoted text is not closed",
                           "Look for the opening quote further up");
    } else {
        add_document_issue(document, place, "not valid YAML: " + problem.msg,
                           yaml_hint(problem.msg));
    }
}

void parse_yaml(Document& document, std::string_view text) {
    try {
        // The parser takes a double-quoted text that is open at the end of the file for complete;
        // an explicit end of the document inside one is an error to it.
        const char* end_mark = text.empty() || text.back() == '\n' ? "...\n" : "\n...\n";
        std::istringstream stream{std::string(text) + end_mark};
        YAML::Parser parser(stream);
        TreeBuilder builder(document);
        while (parser.HandleNextDocument(builder)) {
            document.readable = true;
        }
        if (document.root.kind == NodeKind::null) {
            document.readable = false;
            add_document_issue(
                document, {}, "the file holds no document",
                "Start with 'apiVersion: gatehouse/v1' and 'kind: Connector' or 'kind: Gateway'");
        }
    } catch (const StopReading&) {
    } catch (const YAML::Exception& problem) {
        add_yaml_issue(document, text, problem);
    } catch (const std::exception& problem) {
        add_document_issue(document, {}, std::string("not valid YAML: ") + problem.what(), "");
    }
}

Document document_file_issue(std::string file, std::string message, std::string hint) {
    Document document;
    document.file = std::move(file);
    document.issues.push_back(
        {document.file, 0, 0, "", "GH-C509", std::move(message), std::move(hint)});
    return document;
}

Document document_too_large(std::string file) {
    return document_file_issue(std::move(file),
                               "larger than " + std::to_string(document_max_bytes / 1024) + " KiB",
                               "A manifest holds settings only; keep data in the source folder");
}

} // namespace

Document read_document(const std::filesystem::path& file) {
    std::error_code problem;
    const auto status = std::filesystem::status(file, problem);
    if (!std::filesystem::exists(status)) {
        return document_file_issue(file.string(), "the file does not exist", "Check the path");
    }
    if (!std::filesystem::is_regular_file(status)) {
        return document_file_issue(file.string(), "not a regular file",
                                   "Give the path of a YAML file");
    }
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    // One byte more than allowed tells a file that is too large without reading all of it.
    std::string text(document_max_bytes + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!stream.is_open() || stream.bad()) {
        return document_file_issue(file.string(), "cannot be read: " + errno_text(errno),
                                   "Check the permissions of the file");
    }
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return read_document_text(file.string(), text);
}

Document read_document_text(std::string file, std::string_view text) {
    if (text.size() > document_max_bytes) {
        return document_too_large(std::move(file));
    }
    Document document;
    document.file = std::move(file);
    if (const auto bad = find_bad_character(text)) {
        add_document_issue(document, bad->place, bad->message, "Save the file as plain UTF-8 text");
        return document;
    }
    parse_yaml(document, text);
    return document;
}

std::string document_kind(const Document& document) {
    for (const NodeMember& member : document.root.members) {
        if (member.key == "kind" && member.value.kind == NodeKind::scalar) {
            return member.value.text;
        }
    }
    return "";
}

std::string path_of_key(const std::string& parent, const std::string& key) {
    const bool plain = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
    const std::string shown = plain ? key : json_quote(key.substr(0, 80));
    return parent.empty() ? shown : parent + "." + shown;
}

std::string path_of_item(const std::string& parent, std::size_t index) {
    return parent + "[" + std::to_string(index) + "]";
}

} // namespace gatehouse::runtime
