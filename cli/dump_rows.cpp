#include "cli/dump_rows.h"

namespace kpm::cli {
namespace {

constexpr const char* kOfOneRun[] = {"pm_id", "instances", "prev_restart_delay"};

}  // namespace

Json dump_of(const std::vector<ProcessRow>& rows) {
    Json dump = Json::array();
    for (const ProcessRow& row : rows) {
        if (row.is_module) continue;
        Json env = row.env();
        for (const char* key : kOfOneRun) env.erase(key);
        dump.push_back(std::move(env));
    }
    return dump;
}

}  // namespace kpm::cli
