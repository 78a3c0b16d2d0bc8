#include "runtime/supervisor/desired_state.hpp"

#include "runtime/base/json.hpp"
#include "runtime/base/log.hpp"
#include "runtime/supervisor/small_file.hpp"

#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t desired_file_max_bytes = 1 << 20;

} // namespace

DesiredState::DesiredState(std::filesystem::path file) : file_(std::move(file)) {
    const auto text = file_.empty() ? std::nullopt : read_small_file(file_, desired_file_max_bytes);
    if (!text) {
        return;
    }
    const auto json = parse_json(*text);
    if (!json || !json->is_object() || !json->contains("stopped")) {
        log_error("GH-L802 the desired state in " + file_.string() +
                  " is damaged: every connector counts as wanted");
        return;
    }
    for (const auto& name : (*json)["stopped"]) {
        if (name.is_string()) {
            stopped_.insert(ConnectorName(name.get<std::string>()));
        }
    }
}

Result<void> DesiredState::set_stopped(const ConnectorName& name, bool stopped) {
    const bool changed = stopped ? stopped_.insert(name).second : stopped_.erase(name) > 0;
    if (file_.empty() || (!changed && kept_)) {
        return {};
    }
    Json names = Json::array();
    for (const ConnectorName& each : stopped_) {
        names.push_back(each.str());
    }
    auto written = replace_small_file(file_, dump_json(Json{{"stopped", std::move(names)}}) + "\n");
    kept_ = written.has_value();
    return written;
}

} // namespace gatehouse::runtime
