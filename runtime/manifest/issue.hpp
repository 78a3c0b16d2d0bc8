// Issue: one thing wrong in a document, with its place. Validation collects all of them.
#pragma once

#include <string>
#include <vector>

namespace gatehouse::runtime {

struct Issue {
    std::string file;
    int line = 0;        // 1-based; 0 where the whole file is meant
    int column = 0;      // 1-based
    std::string path;    // "sandbox.limits.memory"; empty for the document
    std::string code;    // "GH-C501"
    std::string message; // what and why
    std::string hint;    // what to do; may be empty
};

using Issues = std::vector<Issue>;

// "file:3:5: run.comand: unknown key [GH-C502]. Did you mean 'command'?"
std::string to_text(const Issue& issue);

} // namespace gatehouse::runtime
