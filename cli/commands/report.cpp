// report: what belongs into a bug report, ready to be pasted.
#include <fmt/format.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/facts.h"
#include "cli/log_tail.h"
#include "cli/own_programs.h"
#include "ipc/base/text.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

constexpr std::size_t kLogLines = 20;
constexpr int kWidth = 79;

// Sections of rows, printed at once, or kept to be printed as JSON.
class Report {
public:
    Report(const Console& console, bool as_json) : console_(console), as_json_(as_json) {}

    // `key`: its name in JSON.
    void section(std::string_view title, const char* key) {
        rows_ = &facts_[key];
        if (!as_json_) console_.line(fmt::format("{:-<{}}", fmt::format("--- {} ", title), kWidth));
    }
    void row(std::string_view name, std::string_view value) {
        (*rows_)[std::string(name)] = value;
        if (!as_json_) console_.line(fmt::format("{:<21}: {}", name, printable(value)));
    }
    void end() const { line(std::string(kWidth, '=')); }
    // Only for readers.
    void line(std::string_view text) const {
        if (!as_json_) console_.line(std::string(text));
    }
    bool is_json() const { return as_json_; }
    Json& facts() { return facts_; }

private:
    const Console& console_;
    bool as_json_;
    Json facts_ = Json::object();
    Json* rows_ = nullptr;
};

std::string first_value(const char* file, std::string_view key) {
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t separator = line.find_first_of(":=");
        if (separator == std::string::npos || trim(std::string_view(line).substr(0, separator)) != key)
            continue;
        std::string_view value = trim(std::string_view(line).substr(separator + 1));
        if (value.size() > 1 && value.front() == '"') value = value.substr(1, value.size() - 2);
        return std::string(value);
    }
    return "N/A";
}

std::string node_path() {
    return ecosystem::find_in_path("node", ecosystem::environment_from(environ)).value_or("not in PATH");
}

void daemon_section(Context& context, Report& report) {
    report.section("Daemon", "daemon");
    if (context.session == nullptr) {
        report.row("state", "none runs");
        return report.end();
    }
    const auto facts = context.session->call(ipc::method::kGetReport);
    const Json none = Json::object();
    const Json& answer = facts && facts->is_object() ? *facts : none;
    const std::int64_t started = integer_of(answer, "started_at").value_or(0);
    report.row("kpmd version", context.session->daemon_version());
    report.row("speaks for pm2", text_of(answer, "pm2_version"));
    report.row("pid", std::to_string(context.session->client().daemon_pid()));
    for (const char* key : {"argv0", "user", "uid", "gid"}) report.row(key, text_of(answer, key));
    report.row("uptime", fmt::format("{}min", started == 0 ? 0 : (now_ms() - started) / 60'000));
    report.end();
}

void cli_section(Report& report) {
    const auto own = own_program();
    report.section("CLI", "cli");
    report.row("local kpm", KPM_VERSION);
    report.row("program", own ? own->string() : own.error().message);
    report.row("node path", node_path());
    report.row("uid", std::to_string(geteuid()));
    report.row("gid", std::to_string(getegid()));
    report.end();
}

void system_section(Context& context, Report& report) {
    utsname system{};
    uname(&system);
    struct sysinfo memory {};
    sysinfo(&memory);
    const auto bytes = [&](unsigned long units) {
        return std::to_string(std::uint64_t{units} * memory.mem_unit);
    };
    report.section("System info", "system");
    report.row("arch", system.machine);
    report.row("type", system.sysname);
    report.row("kernel", system.release);
    report.row("distribution", first_value("/etc/os-release", "PRETTY_NAME"));
    report.row("cpus", first_value("/proc/cpuinfo", "model name"));
    report.row("cpus nb", std::to_string(sysconf(_SC_NPROCESSORS_ONLN)));
    report.row("freemem", bytes(memory.freeram));
    report.row("totalmem", bytes(memory.totalram));
    report.row("home", context.home.root().string());
    report.end();
}

void list_section(Context& context, Report& report) {
    if (!report.is_json()) {
        report.section("PM2 list", "processes");
        print_list(context);
        return report.end();
    }
    Json& processes = report.facts()["processes"] = Json::array();
    if (const auto list = context.session->brief_list())
        for (const ProcessRow& row : list->rows) processes.push_back(list_facts(row, now_ms()));
}

void log_section(Context& context, Report& report) {
    report.section("Daemon logs", "daemon_log");
    const std::string log = context.home.daemon_log().string();
    const auto lines = last_lines(log, kLogLines);
    report.facts()["daemon_log"] = {{"file", log}, {"lines", lines ? Json(*lines) : Json()}};
    if (!lines) return report.line(lines.error().message);
    report.line(fmt::format("{} last {} lines:", log, kLogLines));
    for (const std::string& line : *lines) report.line("PM2        | " + printable(line));
}

}  // namespace

int run_report(Context& context) {
    Report report(context.console, context.line.has("json"));
    report.line("\n```");
    report.section("kpm report", "report");
    report.row("Date", iso_time(now_ms()));
    report.end();
    daemon_section(context, report);
    cli_section(report);
    system_section(context, report);
    if (context.session != nullptr) list_section(context, report);
    log_section(context, report);
    if (report.is_json()) return print_json(context, report.facts());
    report.line("```\n");
    report.line("Look through it for names and paths that you would rather not show, then paste it into the");
    report.line("report, lines of ``` included.");
    return kDone;
}

}  // namespace kpm::cli
