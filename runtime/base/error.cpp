#include "runtime/base/error.hpp"

#include <cstring>

namespace gatehouse {

std::string to_text(const Error& error) {
    std::string text = error.code + " " + error.what;
    if (!error.where.empty()) {
        text += " (" + error.where + ")";
    }
    if (!error.why.empty()) {
        text += ": " + error.why;
    }
    if (!error.action.empty()) {
        text += ". " + error.action;
    }
    return text;
}

std::string errno_text(int error_number) {
    const char* name = ::strerrorname_np(error_number);
    const char* description = ::strerrordesc_np(error_number);
    if (name == nullptr || description == nullptr) {
        return "error " + std::to_string(error_number);
    }
    return std::string(description) + " (" + name + ")";
}

} // namespace gatehouse
