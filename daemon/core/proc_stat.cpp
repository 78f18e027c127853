#include "daemon/core/proc_stat.h"

#include <array>
#include <charconv>
#include <cmath>

namespace kpm::core {
namespace {

// Numbers of the fields in proc(5), counted from the state (3), which follows the command name.
constexpr std::size_t kFirstField = 3;
constexpr std::size_t kFieldCount = 24 - kFirstField + 1;

Error malformed() {
    return {ErrorCode::Invalid, "cannot read 'stat': not the form of proc(5)"};
}

}  // namespace

Result<ProcStat> parse_proc_stat(std::string_view text) {
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string_view::npos) return malformed();
    text.remove_prefix(name_end + 1);

    std::array<std::string_view, kFieldCount> fields;
    for (std::string_view& field : fields) {
        const std::size_t begin = text.find_first_not_of(" \n");
        if (begin == std::string_view::npos) return malformed();
        text.remove_prefix(begin);
        field = text.substr(0, text.find_first_of(" \n"));
        text.remove_prefix(field.size());
    }

    bool well_formed = true;
    const auto read = [&](std::size_t number, auto& slot) {
        const std::string_view field = fields[number - kFirstField];
        const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), slot);
        well_formed = well_formed && error == std::errc{} && end == field.data() + field.size();
    };
    ProcStat stat;
    stat.state = fields[0].front();
    read(4, stat.parent_pid);
    read(5, stat.group);
    read(6, stat.session);
    read(14, stat.user_ticks);
    read(15, stat.system_ticks);
    read(20, stat.threads);
    read(22, stat.start_ticks);
    read(24, stat.resident_pages);
    if (!well_formed) return malformed();
    return stat;
}

std::optional<std::uint64_t> resident_pages_in(std::string_view statm) {
    const std::size_t blank = statm.find(' ');  // the size comes first
    if (blank == std::string_view::npos) return std::nullopt;
    std::uint64_t pages = 0;
    const char* const begin = statm.data() + blank + 1;
    const auto [end, error] = std::from_chars(begin, statm.data() + statm.size(), pages);
    if (error != std::errc{} || end == begin) return std::nullopt;
    return pages;
}

double cpu_percent(const ProcSample& before, const ProcSample& now) {
    const double passed = std::chrono::duration<double>(now.at - before.at).count();
    if (before.start_ticks != now.start_ticks || now.used < before.used || passed <= 0) return 0;
    return std::round(std::chrono::duration<double>(now.used - before.used).count() / passed * 1000) / 10;
}

}  // namespace kpm::core
