// A fault as it is asked for: by a call of the tool `fault`, or by the command line.
#pragma once

#include <string>

namespace faulty {

struct Fault {
    std::string kind;
    long n = 0;       // an exit code, a signal, a count, MiB, MiB per second: as the kind says
    long ms = 0;      // a length of time; 0: until the end
    std::string text; // the inside of a JSON string, escapes left as they are
    std::string id;   // raw JSON id of the call that asks for it; empty: no call
    std::string meta; // raw JSON for `_meta` of a result
};

} // namespace faulty
