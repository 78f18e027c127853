#include "cli/target.h"

#include <algorithm>
#include <filesystem>

#include "cli/js_literal.h"
#include "cli/name_pattern.h"
#include "ipc/base/text.h"

namespace kpm::cli {
std::vector<Json> ids_by_name(std::string_view word, std::span<const ProcessRow> rows,
                              const std::string& cwd) {
    const std::string path = (std::filesystem::path(cwd) / word).lexically_normal().string();
    std::vector<Json> ids;
    for (const ProcessRow& row : rows) {
        if (row.name == word || (!row.script.empty() && row.script == path)) ids.push_back(row.id);
    }
    return ids;
}

std::vector<Json> ids_by_namespace(std::string_view word, std::span<const ProcessRow> rows) {
    std::vector<Json> ids;
    for (const ProcessRow& row : rows) {
        if (row.name_space == word) ids.push_back(row.id);
    }
    return ids;
}

Result<Selection> select(std::string_view word, std::span<const ProcessRow> rows,
                         const TargetContext& context) {
    const auto or_nothing = [](std::vector<Json> ids) {
        const Match match = ids.empty() ? Match::Nothing : Match::Found;
        return Selection{match, std::move(ids)};
    };
    if (word == "all") {
        std::vector<Json> ids;
        for (const ProcessRow& row : rows) {
            if (!row.is_module || context.include_modules) ids.push_back(row.id);
        }
        return or_nothing(std::move(ids));
    }
    if (NamePattern::is_one(word)) {
        const auto pattern = NamePattern::parse(word);
        if (!pattern) return pattern.error();
        std::vector<Json> ids;
        for (const ProcessRow& row : rows) {
            if (pattern->matches(row.name)) ids.push_back(row.id);
        }
        return or_nothing(std::move(ids));
    }
    if (auto ids = ids_by_name(word, rows, context.cwd); !ids.empty())
        return Selection{Match::Found, std::move(ids)};
    if (auto ids = ids_by_namespace(word, rows); !ids.empty()) return Selection{Match::Found, std::move(ids)};
    if (is_number(word)) return Selection{Match::Found, {Json(std::string(word))}};
    return Selection{Match::Unknown, {}};
}

const ProcessRow* find_row(std::span<const ProcessRow> rows, const Json& id) {
    const std::string text = id_text(id);
    const auto it = std::find_if(rows.begin(), rows.end(),
                                 [&](const ProcessRow& row) { return std::to_string(row.id) == text; });
    return it == rows.end() ? nullptr : &*it;
}

RowsById::RowsById(std::span<const ProcessRow> rows) {
    for (const ProcessRow& row : rows) rows_.emplace(std::to_string(row.id), &row);
}

const ProcessRow* RowsById::find(const Json& id) const {
    const auto found = rows_.find(id_text(id));
    return found == rows_.end() ? nullptr : found->second;
}

std::string ids_text(const std::vector<Json>& ids) {
    return js_literal(Json(ids));
}

std::string id_text(const Json& id) {
    return id.is_string() ? id.get<std::string>() : id.dump();
}

}  // namespace kpm::cli
