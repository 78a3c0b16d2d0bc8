// FileWindow: a moving view of a file that is read from front to back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

class FileWindow {
  public:
    explicit FileWindow(int fd) : fd_(fd) {}

    // The bytes from an offset on, at least one whole record of them unless the file ends. Valid
    // until the next call.
    std::string_view at(std::uint64_t offset);

  private:
    void fill(std::uint64_t offset);

    int fd_;
    std::uint64_t start_ = 0;
    bool at_end_ = false; // the window reaches the end of the file
    std::string bytes_;
};

} // namespace gatehouse::runtime
