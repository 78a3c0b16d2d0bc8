// Store: the SQLite file (data/store.sqlite, WAL, foreign keys, synchronous FULL) with numbered
// migrations. A thin adapter: the only place that includes sqlite3.h. One thread.
#pragma once

#include "runtime/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gatehouse::gateway {

using StoreValue =
    std::variant<std::nullptr_t, std::int64_t, std::string>; // string also holds blobs
using StoreRow = std::vector<StoreValue>;

class Store {
  public:
    // Creates or migrates. Errors: GH-G910 (cannot open, not writable, newer schema), with the
    // path.
    static Result<std::unique_ptr<Store>> open(const std::filesystem::path& file);
    ~Store();
    // One statement with positional parameters. Errors GH-G911.
    Result<std::vector<StoreRow>> query(std::string_view sql,
                                        std::vector<StoreValue> parameters = {});
    Result<void> execute(std::string_view sql, std::vector<StoreValue> parameters = {});
    // All or nothing.
    Result<void> transaction(const std::function<Result<void>()>& body);
    int schema_version() const;

  private:
    struct Impl;
    explicit Store(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace gatehouse::gateway
