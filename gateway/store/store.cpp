#include "gateway/store/store.hpp"

#include "gateway/store/migrations.hpp"
#include "runtime/base/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gatehouse::gateway {

namespace {

constexpr int busy_timeout_ms = 5000;

struct StatementDeleter {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, StatementDeleter>;

Error open_error(const std::filesystem::path& file, std::string why, std::string action) {
    return Error{"GH-G910", "cannot open the store", file.string(), std::move(why),
                 std::move(action)};
}

// SQLite gives its -wal and -shm files the mode of the main file, so the main file is made private
// first. An existing file is never opened here: closing a second descriptor would drop SQLite's
// locks.
Result<void> make_private(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) {
        ::close(fd);
        return {};
    }
    if (errno != EEXIST) {
        return open_error(file, errno_text(errno),
                          "check that the data folder exists and is writable");
    }
    struct stat facts{};
    if (::stat(file.c_str(), &facts) != 0) {
        return open_error(file, errno_text(errno), "check the permissions of the data folder");
    }
    if ((facts.st_mode & 07777) != 0600 && ::chmod(file.c_str(), 0600) != 0) {
        return open_error(file, "its mode is not 0600 and cannot be changed: " + errno_text(errno),
                          "run Gatehouse as the user that owns the file");
    }
    return {};
}

int bind_value(sqlite3_stmt* statement, int position, const StoreValue& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return sqlite3_bind_int64(statement, position, *number);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
        return sqlite3_bind_text64(statement, position, text->data(), text->size(), SQLITE_STATIC,
                                   SQLITE_UTF8);
    }
    return sqlite3_bind_null(statement, position);
}

StoreValue column_value(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
        return nullptr;
    case SQLITE_INTEGER:
        return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
    default: {
        const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, column));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
        return data == nullptr ? std::string() : std::string(data, size);
    }
    }
}

} // namespace

struct Store::Impl {
    std::filesystem::path file;
    sqlite3* database = nullptr;
    int version = 0;

    ~Impl() { sqlite3_close_v2(database); }

    Error failure(std::string what) const {
        return Error{"GH-G911", std::move(what), file.string(), sqlite3_errmsg(database),
                     "check the disk space and the permissions of the data folder"};
    }
    Result<void> run_script(const char* sql) {
        if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
            return failure("the store refused a statement");
        }
        return {};
    }
    Result<int> pragma_number(const char* sql) {
        sqlite3_stmt* raw = nullptr;
        const int prepared = sqlite3_prepare_v2(database, sql, -1, &raw, nullptr);
        const Statement statement(raw);
        if (prepared != SQLITE_OK || sqlite3_step(raw) != SQLITE_ROW) {
            return failure("the store cannot be read");
        }
        return sqlite3_column_int(raw, 0);
    }
    Result<void> configure();
    Result<void> check_identity();
    Result<void> migrate();
    Result<void> apply(const StoreMigration& step);
    Result<Statement> prepare(std::string_view sql, const std::vector<StoreValue>& parameters);
};

Result<void> Store::Impl::configure() {
    sqlite3_busy_timeout(database, busy_timeout_ms);
    sqlite3_extended_result_codes(database, 1);
    // Foreign files cannot run code through our queries.
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    // secure_delete overwrites the ciphertext of a removed secret.
    return run_script("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                      "PRAGMA secure_delete=ON;");
}

Result<void> Store::Impl::check_identity() {
    auto owner = pragma_number("PRAGMA application_id");
    if (!owner) {
        return owner.error();
    }
    auto schema = pragma_number("PRAGMA user_version");
    if (!schema) {
        return schema.error();
    }
    auto tables = pragma_number("SELECT count(*) FROM sqlite_schema");
    if (!tables) {
        return tables.error();
    }
    const bool empty = *schema == 0 && *owner == 0 && *tables == 0;
    if (!empty && *owner != store_application_id) {
        return open_error(file, "the file is a database of another program",
                          "point `data` at a folder of Gatehouse's own");
    }
    const int newest = store_migrations().back().version;
    if (*schema > newest) {
        return open_error(file,
                          "its schema is version " + std::to_string(*schema) +
                              ", this program knows up to " + std::to_string(newest),
                          "run the newer Gatehouse that wrote it, or restore a backup");
    }
    version = *schema;
    return {};
}

Result<void> Store::Impl::apply(const StoreMigration& step) {
    auto begun = run_script("BEGIN IMMEDIATE");
    if (!begun) {
        return begun;
    }
    // Another process may have migrated while this one waited for the lock.
    auto now = pragma_number("PRAGMA user_version");
    Result<void> done;
    if (!now) {
        done = now.error();
    } else if (*now < step.version) {
        done = run_script(step.sql);
        if (done) {
            const std::string marks =
                "PRAGMA user_version=" + std::to_string(step.version) +
                "; PRAGMA application_id=" + std::to_string(store_application_id);
            done = run_script(marks.c_str());
        }
    }
    if (done) {
        done = run_script("COMMIT");
    }
    if (!done) {
        sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
    }
    return done;
}

Result<void> Store::Impl::migrate() {
    for (const StoreMigration& step : store_migrations()) {
        if (step.version <= version) {
            continue;
        }
        auto applied = apply(step);
        if (!applied) {
            return applied;
        }
        version = step.version;
    }
    return {};
}

Result<Statement> Store::Impl::prepare(std::string_view sql,
                                       const std::vector<StoreValue>& parameters) {
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int prepared =
        sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &raw, &tail);
    Statement statement(raw);
    if (prepared != SQLITE_OK || raw == nullptr) {
        return failure("the store refused a statement");
    }
    const auto left = sql.substr(static_cast<std::size_t>(tail - sql.data()));
    if (left.find_first_not_of(" \t\r\n;") != std::string_view::npos ||
        sqlite3_bind_parameter_count(raw) != static_cast<int>(parameters.size())) {
        return Error{"GH-G911", "the store refused a statement", file.string(),
                     "more than one statement, or another number of parameters", ""};
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (bind_value(raw, static_cast<int>(i) + 1, parameters[i]) != SQLITE_OK) {
            return failure("the store refused a parameter");
        }
    }
    return statement;
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& file) {
    auto ready = make_private(file);
    if (!ready) {
        return ready.error();
    }
    auto impl = std::make_unique<Impl>();
    impl->file = file;
    const int opened = sqlite3_open_v2(file.c_str(), &impl->database,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    if (opened != SQLITE_OK) {
        return open_error(file, sqlite3_errstr(opened), "check the permissions of the data folder");
    }
    // The identity is read first: a foreign or newer file is not touched, not even its journal
    // mode.
    for (auto step : {&Impl::check_identity, &Impl::configure, &Impl::migrate}) {
        auto done = (impl.get()->*step)();
        if (!done) {
            Error error = done.error();
            if (error.code != "GH-G910") {
                error = open_error(file, error.why,
                                   "check the file and its folder, or restore a backup");
            }
            return error;
        }
    }
    return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Result<std::vector<StoreRow>> Store::query(std::string_view sql,
                                           std::vector<StoreValue> parameters) {
    auto statement = impl_->prepare(sql, parameters);
    if (!statement) {
        return statement.error();
    }
    std::vector<StoreRow> rows;
    const int columns = sqlite3_column_count(statement->get());
    for (;;) {
        const int step = sqlite3_step(statement->get());
        if (step == SQLITE_DONE) {
            return rows;
        }
        if (step != SQLITE_ROW) {
            return impl_->failure("the store failed a statement");
        }
        StoreRow& row = rows.emplace_back();
        for (int i = 0; i < columns; ++i) {
            row.push_back(column_value(statement->get(), i));
        }
    }
}

Result<void> Store::execute(std::string_view sql, std::vector<StoreValue> parameters) {
    auto rows = query(sql, std::move(parameters));
    if (!rows) {
        return rows.error();
    }
    return {};
}

Result<void> Store::transaction(const std::function<Result<void>()>& body) {
    if (sqlite3_get_autocommit(impl_->database) == 0) {
        return Error{"GH-G911", "the store refused a transaction", impl_->file.string(),
                     "one is open already", ""};
    }
    auto begun = impl_->run_script("BEGIN IMMEDIATE");
    if (!begun) {
        return begun;
    }
    // Also when the body throws: an open transaction would swallow everything after it.
    struct Rollback {
        sqlite3* database;
        ~Rollback() {
            if (sqlite3_get_autocommit(database) == 0) {
                sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
            }
        }
    } rollback{impl_->database};
    auto done = body();
    if (!done) {
        return done;
    }
    return impl_->run_script("COMMIT");
}

int Store::schema_version() const {
    return impl_->version;
}

} // namespace gatehouse::gateway
