// Document: one YAML file as our own tree with places, checked for what YAML leaves open.
// document.cpp is the only unit that includes yaml-cpp. That library follows YAML 1.1, keeps the
// first of two equal keys and reads the first of several documents; here scalars are resolved by
// the YAML 1.2 core rules (scalar.hpp), and duplicate keys, anchors, aliases, merge keys, tags and
// further documents are issues. Used by the readers of manifests and of the gateway file.
#pragma once

#include "runtime/manifest/issue.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

constexpr std::size_t document_max_bytes = 256 * 1024;
constexpr std::size_t document_max_depth = 32;

struct Place {
    int line = 0;   // 1-based; 0 where the whole file is meant
    int column = 0; // 1-based
};

enum class NodeKind { null, scalar, sequence, map };

struct NodeMember;

struct Node {
    NodeKind kind = NodeKind::null;
    Place place;
    bool quoted = false; // a quoted or block scalar: always a string
    std::string text;    // of a scalar, escapes resolved
    std::vector<Node> items;
    std::vector<NodeMember> members; // in order, keys unique
};

struct NodeMember {
    std::string key;
    Place key_place;
    Node value;
};

struct Document {
    std::string file;
    Node root;
    // False if there is no tree to validate (missing, too large, malformed): the issues say why.
    bool readable = false;
    Issues issues;
};

// Never throws. Issues GH-C509 (missing, unreadable, too large), GH-C501 (malformed), GH-C507
// (duplicate key).
Document read_document(const std::filesystem::path& file);
Document read_document_text(std::string file, std::string_view text);

// The text of `kind:`, by which a file is told to be a manifest or a gateway file; empty if there
// is none.
std::string document_kind(const Document& document);

// "run" and "env" → "run.env"; a key with other characters than letters, digits, _ and - is quoted.
std::string path_of_key(const std::string& parent, const std::string& key);
// "policy" and 2 → "policy[2]".
std::string path_of_item(const std::string& parent, std::size_t index);

} // namespace gatehouse::runtime
