#include "sandbox/dial_error.hpp"

#include "runtime/base/units.hpp"
#include "sandbox/dial_table.hpp"

namespace gatehouse::sandbox {

Error dial_error(const std::string& connector, std::uint16_t port, int error_number,
                 std::chrono::milliseconds deadline) {
    const std::string name = "connector '" + connector + "'";
    const std::string what = name + " could not be reached";
    const std::string where = "port " + std::to_string(port) + " of its own loopback";
    switch (error_number) {
    case ECONNREFUSED:
        return Error("GH-P313", name + " does not listen on its port yet", where,
                     errno_text(error_number),
                     "wait for it to start; if it stays so, check in its log and manifest that it "
                     "listens on 127.0.0.1 or ::1 and on this port");
    case ETIMEDOUT:
        return Error("GH-P314", what, where, "no connection within " + duration_text(deadline),
                     "check that it accepts connections, and the load of the machine");
    case dial_ended_errno:
        return Error("GH-P315", what, where, "it has ended", "look for the reason in its log");
    case dial_full_errno:
        return Error("GH-P316", what, where, "too many connections are being made at once",
                     "try again later");
    default:
        return Error("GH-P316", what, where, errno_text(error_number),
                     "check the limits of open files of the daemon, and the connector's log");
    }
}

} // namespace gatehouse::sandbox
