#include "gateway/config/gateway_reader.hpp"
#include "gateway/config/schemas.hpp"
#include "runtime/base/json.hpp"
#include "runtime/manifest/catalogue.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <set>
#include <string>

namespace {

using gatehouse::Json;
using gatehouse::runtime::KnownKeys;

const std::filesystem::path example_folder =
    std::filesystem::path(GH_SOURCE_DIR) / "tests/unit/config/example";

const Json& resolved(const Json& schema, const Json& root) {
    const std::string start = "#/$defs/";
    if (!schema.contains("$ref")) {
        return schema;
    }
    const std::string reference = schema["$ref"];
    REQUIRE(reference.compare(0, start.size(), start) == 0);
    return root.at("$defs").at(reference.substr(start.size()));
}

// The keys of every closed object of the schema, by the readers' paths.
void collect_keys(const Json& reference, const Json& root, const std::string& path,
                  KnownKeys& out) {
    const Json& schema = resolved(reference, root);
    if (schema.contains("properties")) {
        INFO(path);
        CHECK(schema.value("additionalProperties", Json(true)) == Json(false));
        for (const auto& [key, property] : schema["properties"].items()) {
            out[path].insert(key);
            collect_keys(property, root, path.empty() ? key : path + "." + key, out);
        }
    }
    if (schema.contains("items")) {
        collect_keys(schema["items"], root, path + "[]", out);
    }
}

KnownKeys schema_keys(std::string_view text) {
    const auto schema = gatehouse::parse_json(text);
    REQUIRE(schema.has_value());
    CHECK((*schema)["$schema"] == "https://json-schema.org/draft/2020-12/schema");
    KnownKeys out;
    collect_keys(*schema, *schema, "", out);
    return out;
}

TEST_CASE("the schema of manifests and their reader know the same keys") {
    const auto reading = gatehouse::runtime::read_connector(
        gatehouse::runtime::read_document(example_folder / "manifests/notes.yaml"));
    REQUIRE(reading.issues.empty());
    CHECK(schema_keys(gatehouse::gateway::connector_schema()) == reading.known_keys);
}

TEST_CASE("the schema of gateway files and their reader know the same keys") {
    const auto reading = gatehouse::gateway::read_gateway(
        gatehouse::runtime::read_document(example_folder / "gatehouse.yaml"));
    REQUIRE(reading.issues.empty());
    CHECK(schema_keys(gatehouse::gateway::gateway_schema()) == reading.known_keys);
}

} // namespace
