#include "runtime/base/secret.hpp"

#include <cstring>
#include <sys/mman.h>
#include <utility>

namespace gatehouse {

void wipe(std::string& text) {
    ::explicit_bzero(text.data(), text.capacity());
    text.clear();
}

Secret::Secret(std::string&& text) {
    size_ = text.size();
    if (size_ > 0) {
        data_ = new char[size_];
        // Best effort: RLIMIT_MEMLOCK may be small for an ordinary user; wiping still holds.
        (void)::mlock(data_, size_);
        std::memcpy(data_, text.data(), size_);
    }
    gatehouse::wipe(text);
}

Secret::~Secret() {
    wipe();
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

Secret Secret::clone() const {
    return Secret(std::string(reveal()));
}

bool Secret::equals(std::string_view candidate) const {
    unsigned char difference = candidate.size() == size_ ? 0 : 1;
    for (std::size_t i = 0; i < candidate.size(); ++i) {
        const char own = size_ == 0 ? '\0' : data_[i % size_];
        difference = static_cast<unsigned char>(difference | (own ^ candidate[i]));
    }
    return difference == 0;
}

void Secret::wipe() noexcept {
    if (data_ != nullptr) {
        ::explicit_bzero(data_, size_);
        (void)::munlock(data_, size_);
        delete[] data_;
        data_ = nullptr;
        size_ = 0;
    }
}

} // namespace gatehouse
