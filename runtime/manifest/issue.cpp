#include "runtime/manifest/issue.hpp"

namespace gatehouse::runtime {

std::string to_text(const Issue& issue) {
    std::string text = issue.file;
    if (issue.line > 0) {
        text += ":" + std::to_string(issue.line) + ":" + std::to_string(issue.column);
    }
    text += ": ";
    if (!issue.path.empty()) {
        text += issue.path + ": ";
    }
    text += issue.message + " [" + issue.code + "]";
    if (!issue.hint.empty()) {
        text += ". " + issue.hint;
    }
    return text;
}

} // namespace gatehouse::runtime
