// Secret: bytes that must not leak. It cannot be printed or copied by accident, compares in
// constant time and wipes its memory. The memory is locked (mlock) where the limit allows.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gatehouse {

class Secret {
  public:
    Secret() = default;
    // Takes over the text and wipes the source, so that no copy stays behind.
    explicit Secret(std::string&& text);
    ~Secret();
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;

    // A second copy, made on purpose.
    Secret clone() const;
    // The bytes, at the one place that hands them on (a launch plan, a header, a cipher).
    std::string_view reveal() const { return {data_, size_}; }
    bool empty() const { return size_ == 0; }
    std::size_t size_bytes() const { return size_; }

    // Time depends on the length of `candidate` only.
    bool equals(std::string_view candidate) const;

  private:
    void wipe() noexcept;
    char* data_ = nullptr;
    std::size_t size_ = 0;
};

// Overwrites the text so that the compiler cannot leave it out, then empties it.
void wipe(std::string& text);

} // namespace gatehouse
