#include "runtime/supervisor/instance_ids.hpp"

#include "runtime/base/log.hpp"
#include "runtime/supervisor/small_file.hpp"

#include <charconv>
#include <string>
#include <utility>

namespace gatehouse::runtime {

InstanceIds::InstanceIds(std::filesystem::path file) : file_(std::move(file)) {
    const auto text = file_.empty() ? std::nullopt : read_small_file(file_, 64);
    if (text) {
        std::from_chars(text->data(), text->data() + text->size(), last_);
    }
    reserved_ = last_;
}

InstanceId InstanceIds::next() {
    ++last_;
    if (last_ > reserved_) {
        reserved_ = last_ + block_size - 1;
        if (!file_.empty()) {
            if (auto kept = replace_small_file(file_, std::to_string(reserved_) + "\n"); !kept) {
                log_error(to_text(kept.error()));
            }
        }
    }
    return InstanceId{last_};
}

} // namespace gatehouse::runtime
