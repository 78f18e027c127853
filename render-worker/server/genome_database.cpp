#include "render-worker/server/genome_database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>
#include <string_view>

namespace kpm::render {
namespace {

constexpr int kBusyTime = 2000;  // milliseconds that a writer may keep us waiting

struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

}  // namespace

Result<std::string> stored_genome(const std::string& path, const std::string& id, std::size_t max_bytes) {
    const auto failed = [&id](ErrorCode code, std::string_view reason) {
        return Error{code, fmt::format("cannot read genome '{}': {}", id, reason)};
    };
    if (path.empty()) return failed(ErrorCode::Invalid, "no database is given (DB_PATH)");
    sqlite3* opened = nullptr;
    const int status =
        sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    const std::unique_ptr<sqlite3, Close> database(opened);  // there even if it could not be opened
    if (status != SQLITE_OK)
        return Error{ErrorCode::Io, fmt::format("cannot open '{}': {}", path, sqlite3_errstr(status))};
    sqlite3_busy_timeout(opened, kBusyTime);

    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(opened, "SELECT data FROM genomes WHERE id = ?", -1, &prepared, nullptr) !=
        SQLITE_OK)
        return Error{ErrorCode::Io, fmt::format("cannot read '{}': {}", path, sqlite3_errmsg(opened))};
    const std::unique_ptr<sqlite3_stmt, Finalize> statement(prepared);
    sqlite3_bind_text64(prepared, 1, id.data(), id.size(), SQLITE_STATIC, SQLITE_UTF8);
    const int step = sqlite3_step(prepared);
    if (step == SQLITE_DONE) return failed(ErrorCode::NotFound, "not in the database");
    if (step != SQLITE_ROW)
        return Error{ErrorCode::Io, fmt::format("cannot read '{}': {}", path, sqlite3_errmsg(opened))};
    const void* bytes = sqlite3_column_blob(prepared, 0);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(prepared, 0));
    if (size > max_bytes)
        return failed(ErrorCode::Invalid, fmt::format("it is longer than {} bytes", max_bytes));
    return std::string(static_cast<const char*>(bytes), bytes ? size : 0);
}

}  // namespace kpm::render
