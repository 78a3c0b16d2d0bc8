// SchemaValue: a JSON value as the schema validator sees it: members sorted by name, numbers exact
// over the whole 64-bit range. Built from schema constants and from the instances that are checked.
// Pure.
#pragma once

#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

enum class SchemaKind : std::uint8_t { null, boolean, number, string, array, object };

struct SchemaMember;

struct SchemaValue {
    SchemaKind kind = SchemaKind::null;
    bool boolean = false;
    // Wide enough for every 64-bit integer and every double on x86-64 and AArch64.
    long double number = 0;
    std::string_view text; // belongs to the document it was built from
    std::vector<SchemaValue> items;
    std::vector<SchemaMember> members; // sorted by name

    const SchemaValue* find(std::string_view name) const;
    bool is_integer() const; // 1.0 is one
};

struct SchemaMember {
    std::string_view name;
    SchemaValue value;
};

// Equal as JSON Schema means it: 1 and 1.0 are, members in any order.
bool schema_values_equal(const SchemaValue& a, const SchemaValue& b);
std::uint64_t schema_value_hash(const SchemaValue& value);

// Refers into the json, which must outlive it.
SchemaValue schema_value_of(const Json& json);

// A parsed instance and the memory its strings are in.
class SchemaInstance {
  public:
    // Error GH-M403: no JSON, or nested deeper than 128.
    static Result<SchemaInstance> parse(std::string_view json);
    SchemaInstance(SchemaInstance&&) noexcept;
    SchemaInstance& operator=(SchemaInstance&&) noexcept;
    ~SchemaInstance();
    const SchemaValue& root() const { return root_; }

  private:
    struct Memory;
    SchemaInstance();
    static std::unique_ptr<Memory>& spare_memory();
    std::unique_ptr<Memory> memory_;
    SchemaValue root_;
};

} // namespace gatehouse::gateway
