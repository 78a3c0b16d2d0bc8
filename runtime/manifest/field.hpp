// Field: a cursor into a document that reads typed values and collects every issue instead of
// stopping at the first. A field may be absent: then the readers leave their output, which holds
// the default, as it is. Pure. Used by the readers of connector manifests and of the gateway file.
#pragma once

#include "runtime/manifest/document.hpp"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::runtime {

// The keys that the reader knows in each map, by path without indices: "policy[].arguments[]" →
// keys. For the test that holds the JSON Schemas against the readers.
using KnownKeys = std::map<std::string, std::set<std::string>>;

constexpr std::size_t issues_max_count =
    200; // of one document; one more says that there are others

// Collects the issues of one document.
class Reporter {
  public:
    explicit Reporter(Document& document)
        : file_(document.file), issues_(std::move(document.issues)) {}

    void add(Place place, Issue issue);
    void note_keys(const std::string& path, std::initializer_list<std::string_view> keys);
    // Ordered by place.
    Issues take();
    const KnownKeys& known_keys() const { return known_keys_; }

  private:
    std::string file_;
    Issues issues_;
    bool full_ = false;
    KnownKeys known_keys_;
};

// The order in which the issues of one document are listed.
void sort_by_place(Issues& issues);

class Field {
  public:
    Field(Reporter& reporter, const Document& document)
        : reporter_(&reporter), node_(document.readable ? &document.root : nullptr),
          place_(document.root.place) {}
    Field(const Field& parent, const NodeMember& member)
        : reporter_(parent.reporter_), node_(&member.value),
          path_(path_of_key(parent.path_, member.key)), place_(member.key_place) {}
    Field(const Field& parent, std::size_t index)
        : reporter_(parent.reporter_), node_(&parent.node_->items[index]),
          path_(path_of_item(parent.path_, index)), place_(node_->place) {}
    // The field `key` that is not there.
    Field(const Field& parent, const std::string& key)
        : reporter_(parent.reporter_), path_(path_of_key(parent.path_, key)),
          place_(parent.place_) {}

    bool present() const { return node_ != nullptr; }
    const Node& node() const { return *node_; }
    const std::string& path() const { return path_; }
    Place key_place() const {
        return place_;
    } // of the key that holds it; for an item or absent: the nearest
    Reporter& reporter() const { return *reporter_; }

    // Reports at the value; at the key (or its parent) if there is none.
    void fail(const char* code, std::string message, std::string hint = "") const;
    void fail_at_key(const char* code, std::string message, std::string hint = "") const;
    // GH-C504: "a list where a string is due".
    void fail_type(const char* due, std::string hint = "") const;

  private:
    Reporter* reporter_;
    const Node* node_ = nullptr;
    std::string path_;
    Place place_;
};

// A map with fixed keys. Making one reports what is not a map (GH-C504) and each unknown key
// (GH-C502) with the nearest known one.
class MapFields {
  public:
    MapFields(Field map, std::initializer_list<std::string_view> known_keys);
    // One of the known keys; may be absent.
    Field operator[](std::string_view key) const;
    // As above; GH-C505 if it is absent while the map itself is there.
    Field required(std::string_view key) const;

  private:
    const NodeMember* find(std::string_view key) const;
    Field map_;
    std::vector<std::string_view> known_keys_;
};

struct TextRule {
    std::size_t min_bytes = 1;
    std::size_t max_bytes = 64 * 1024;
};
struct IntegerRange {
    std::int64_t min = 0;
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
};
struct NumberRange {
    double min = 0;
    double max = 0;
};
struct SizeRange {
    std::uint64_t min_bytes = 0;
    std::uint64_t max_bytes = 0;
};
struct DurationRange {
    std::chrono::milliseconds min{0};
    std::chrono::milliseconds max{0};
};

// Each returns whether a good value was there, and writes only then.
bool read_text(const Field& field, std::string& out, TextRule rule = {});
// [a-z0-9-]{1,max}
bool read_name(const Field& field, std::string& out, std::size_t max_bytes = 40);
bool read_boolean(const Field& field, bool& out);
bool read_integer(const Field& field, std::int64_t& out, IntegerRange range);
bool read_number(const Field& field, double& out, NumberRange range);
bool read_size(const Field& field, std::uint64_t& out, SizeRange range);
bool read_duration(const Field& field, std::chrono::milliseconds& out, DurationRange range);
// The index of the text among the choices.
std::optional<std::size_t> read_choice(const Field& field,
                                       std::initializer_list<std::string_view> choices);

template <class Integer>
bool read_count(const Field& field, Integer& out, IntegerRange range) {
    std::int64_t value = 0;
    if (!read_integer(field, value, range)) {
        return false;
    }
    out = static_cast<Integer>(value);
    return true;
}

// The items of a list; empty if it is absent or no list. GH-C506 for more than max_count.
std::vector<Field> read_list(const Field& field,
                             std::size_t max_count = std::numeric_limits<std::size_t>::max());
// The entries of a map with free keys.
std::vector<std::pair<std::string, Field>> read_entries(const Field& field);
// Lists and maps of texts; absent leaves `out` as it is.
void read_texts(const Field& field, std::vector<std::string>& out, TextRule rule = {});
void read_text_map(const Field& field, std::map<std::string, std::string>& out, TextRule rule = {});

// A text from a document for a message: in quotes, cut to 60 bytes, control characters escaped.
std::string shown(const std::string& text);
// The known word that was probably meant (edit distance at most 2, or one begins the other); empty
// if none.
std::string nearest_word(const std::string& word, const std::vector<std::string_view>& known);
// "a, b, c"
std::string joined(const std::vector<std::string_view>& words);

} // namespace gatehouse::runtime
