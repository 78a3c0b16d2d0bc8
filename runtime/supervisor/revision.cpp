#include "runtime/supervisor/revision.hpp"

#include "runtime/supervisor/small_file.hpp"

#include <array>
#include <openssl/evp.h>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t manifest_max_bytes = 1 << 20;
constexpr int revision_bytes_count = 4;

} // namespace

std::string revision_of(const ConnectorSpec& spec) {
    std::string text = read_small_file(spec.manifest_path, manifest_max_bytes).value_or("");
    text += '\0' + spec.name.str() + '\0' + spec.source_dir.string() + '\0' + spec.remote.url;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
        return "";
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string revision;
    for (int index = 0; index < revision_bytes_count; ++index) {
        const unsigned char byte = digest[static_cast<std::size_t>(index)];
        revision += digits[byte >> 4U];
        revision += digits[byte & 0xFU];
    }
    return revision;
}

} // namespace gatehouse::runtime
