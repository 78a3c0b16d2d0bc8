#include "runtime/manifest/health_reader.hpp"

#include "runtime/base/json.hpp"
#include "runtime/base/units.hpp"
#include "runtime/manifest/scalar.hpp"

#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr DurationRange probe_period{milliseconds(100), hours(24)};
constexpr DurationRange probe_timeout{milliseconds(10), hours(1)};
constexpr IntegerRange probe_failures{1, 100};
constexpr std::size_t probe_arguments_max_bytes = 64 * 1024;

Json scalar_to_json(const Node& node) {
    switch (scalar_type(node)) {
    case ScalarType::boolean:
        return node.text == "true";
    case ScalarType::integer:
        if (const auto value = decimal_integer(node.text)) {
            return *value;
        }
        break;
    case ScalarType::number:
        if (const auto value = decimal_number(node.text)) {
            return *value;
        }
        break;
    case ScalarType::string:
        break;
    }
    return node.text;
}

// The document is at most 32 levels deep, so the recursion is bounded.
Json node_to_json(const Node& node) {
    switch (node.kind) {
    case NodeKind::null:
        return nullptr;
    case NodeKind::scalar:
        return scalar_to_json(node);
    case NodeKind::sequence: {
        Json list = Json::array();
        for (const Node& item : node.items) {
            list.push_back(node_to_json(item));
        }
        return list;
    }
    case NodeKind::map:
        break;
    }
    Json map = Json::object();
    for (const NodeMember& member : node.members) {
        map[member.key] = node_to_json(member.value);
    }
    return map;
}

void read_probe_arguments(const Field& field, std::string& out) {
    if (!field.present()) {
        return;
    }
    if (field.node().kind != NodeKind::map) {
        field.fail_type("a map", "Write the tool's arguments by name");
        return;
    }
    std::string text = dump_json(node_to_json(field.node()));
    if (text.size() > probe_arguments_max_bytes) {
        field.fail("GH-C506", "longer than 64 KiB", "Use a tool that needs less");
        return;
    }
    out = std::move(text);
}

void read_liveness(const Field& field, LivenessSpec& spec) {
    const MapFields liveness(field, {"period", "timeout", "failures"});
    read_duration(liveness["period"], spec.period, probe_period);
    read_duration(liveness["timeout"], spec.timeout, probe_timeout);
    read_count(liveness["failures"], spec.failures, probe_failures);
}

void read_deep(const Field& field, DeepProbeSpec& spec) {
    const MapFields deep(field, {"tool", "args", "period", "timeout", "failures"});
    read_text(deep.required("tool"), spec.tool, {.max_bytes = 256});
    read_probe_arguments(deep["args"], spec.arguments);
    read_duration(deep["period"], spec.period, probe_period);
    read_duration(deep["timeout"], spec.timeout, probe_timeout);
    read_count(deep["failures"], spec.failures, probe_failures);
}

} // namespace

void read_health(const Field& field, HealthSpec& spec) {
    const MapFields health(field, {"liveness", "catalogue", "deep", "slo"});
    read_liveness(health["liveness"], spec.liveness);
    const MapFields catalogue(health["catalogue"], {"period"});
    read_duration(catalogue["period"], spec.catalogue_period, probe_period);
    read_deep(health["deep"], spec.deep);
    const MapFields slo(health["slo"], {"p95"});
    read_duration(slo["p95"], spec.slo_p95, {milliseconds(1), hours(24)});
}

} // namespace gatehouse::runtime
