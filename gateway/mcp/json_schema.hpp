// JSON Schema 2020-12 for tool arguments: own small validator (no packaged one is safe here, see
// ARCHITECTURE.md), on RE2, bounded in depth and steps; a network $ref is never followed. Pure.
#pragma once

#include "runtime/base/result.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

class JsonSchema {
  public:
    // Error GH-M420: not a schema we can use (unknown reference, bad pattern), with the pointer.
    static Result<JsonSchema> compile(std::string_view schema_json);
    JsonSchema(JsonSchema&&) noexcept;
    JsonSchema& operator=(JsonSchema&&) noexcept;
    ~JsonSchema();
    // Empty: valid. Else one sentence with the pointer: "/path: must be string, is number".
    std::optional<std::string> problem(std::string_view valid_json) const;

  private:
    struct Impl;
    explicit JsonSchema(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace gatehouse::gateway
