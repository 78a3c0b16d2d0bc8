#include "gateway/journal/digest.hpp"

#include "gateway/journal/sha256.hpp"

namespace gatehouse::gateway {

std::string sha256_hex(std::string_view bytes) {
    // One per thread: making a context costs more than the hash of a small result.
    thread_local JournalHasher hasher;
    return std::string(digest_text(hasher.hex(bytes)));
}

} // namespace gatehouse::gateway
