#include "gateway/mcp/json_schema.hpp"

#include "gateway/mcp/schema_node.hpp"

namespace gatehouse::gateway {

namespace {
constexpr std::size_t schema_document_max_depth = 128;
} // namespace

struct JsonSchema::Impl {
    std::unique_ptr<SchemaProgram> program;
};

JsonSchema::JsonSchema(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;
JsonSchema& JsonSchema::operator=(JsonSchema&&) noexcept = default;
JsonSchema::~JsonSchema() = default;

Result<JsonSchema> JsonSchema::compile(std::string_view schema_json) {
    auto document = parse_json(schema_json, schema_document_max_depth);
    if (!document) {
        return Error{"GH-M420", "the JSON Schema cannot be used", document.error().where,
                     document.error().what, "correct the schema in the connector"};
    }
    auto program = compile_schema(std::move(document).value());
    if (!program) {
        return std::move(program).error();
    }
    auto impl = std::make_unique<Impl>();
    impl->program = std::move(program).value();
    return JsonSchema(std::move(impl));
}

std::optional<std::string> JsonSchema::problem(std::string_view valid_json) const {
    const auto instance = SchemaInstance::parse(valid_json);
    if (!instance) {
        return "(top level): " + instance.error().what;
    }
    return schema_problem(*impl_->program->root, instance.value().root());
}

} // namespace gatehouse::gateway
