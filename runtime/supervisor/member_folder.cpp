#include "runtime/supervisor/member_folder.hpp"

namespace gatehouse::runtime {

std::string member_folder_of(const PrincipalId& principal) {
    constexpr char digits[] = "0123456789abcdef";
    constexpr std::size_t part_max_bytes = 200; // a file name may have 255
    std::string folder;
    std::size_t part_bytes = 0;
    for (const char c : principal.str()) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (part_bytes >= part_max_bytes) {
            // The mark keeps a part that goes on apart from a name that ends here.
            folder += "+/";
            part_bytes = 0;
        }
        if (plain) {
            folder += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            folder += '=';
            folder += digits[byte / 16];
            folder += digits[byte % 16];
        }
        part_bytes += plain ? 1 : 3;
    }
    return folder.empty() ? "=" : folder;
}

} // namespace gatehouse::runtime
