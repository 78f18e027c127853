#include "cli/process_row.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <map>
#include <utility>

#include "ipc/base/user.h"

namespace kpm::cli {
namespace {

const Json& member(const Json& object, std::string_view key) {
    static const Json kNothing;
    if (!object.is_object()) return kNothing;
    const auto it = object.find(key);
    return it == object.end() ? kNothing : *it;
}

bool is_on(const Json& value) {
    return value.is_boolean() ? value.get<bool>() : value.is_array() || value.is_string();
}

// The rows of a list are mostly of few users.
const std::string& name_of_uid(uid_t uid) {
    static std::map<uid_t, std::string> known;
    const auto [entry, is_new] = known.try_emplace(uid);
    if (is_new) {
        auto user = find_user(uid);
        entry->second = user ? std::move(user->name) : std::to_string(uid);
    }
    return entry->second;
}

// Whom the process runs as: its uid when it has one, else who started it.
std::string shown_user(const Json& env) {
    const auto uid = env.find("uid");
    std::string user = uid == env.end()           ? ""
                       : uid->is_number_integer() ? std::to_string(uid->get<std::int64_t>())
                                                  : text_of(env, "uid");
    if (user.empty()) return text_of(env, "username");
    uid_t number = 0;
    const auto [end, error] = std::from_chars(user.data(), user.data() + user.size(), number);
    const bool is_number = error == std::errc{} && end == user.data() + user.size();
    return is_number ? name_of_uid(number) : user;
}

ProcessRow read_row(const Json& entry) {
    ProcessRow row;
    row.entry = &entry;
    const Json& env = row.env();
    row.id = integer_of(entry, "pm_id").value_or(integer_of(env, "pm_id").value_or(0));
    row.name = text_of(entry, "name");
    if (row.name.empty()) row.name = text_of(env, "name");
    row.name_space = text_of(env, "namespace");
    row.version = text_of(env, "version");
    row.exec_mode = text_of(env, "exec_mode");
    row.status = text_of(env, "status");
    row.user = shown_user(env);
    row.script = text_of(env, "pm_exec_path");
    row.cron = text_of(env, "cron_restart");
    row.out_log = text_of(env, "pm_out_log_path");
    row.error_log = text_of(env, "pm_err_log_path");
    row.entire_log = text_of(env, "pm_log_path");
    row.pid_file = text_of(env, "pm_pid_path");
    row.pid = integer_of(entry, "pid");
    row.online_since = integer_of(env, "pm_uptime").value_or(0);
    row.restarts = integer_of(env, "restart_time").value_or(0);
    const Json& monit = member(entry, "monit");
    if (const Json& cpu = member(monit, "cpu"); cpu.is_number()) row.cpu = cpu.get<double>();
    row.memory = integer_of(monit, "memory");
    const Json& gpu = member(monit, "gpu");
    if (const Json& percent = member(gpu, "percent"); percent.is_number())
        row.gpu_percent = percent.get<double>();
    row.gpu_memory = integer_of(gpu, "memory");
    row.watching = is_on(member(env, "watch"));
    row.is_module = is_on(member(env, "pmx_module"));
    return row;
}

}  // namespace

const Json& ProcessRow::env() const {
    static const Json kEmpty = Json::object();
    const Json& env = entry == nullptr ? kEmpty : member(*entry, "pm2_env");
    return env.is_object() ? env : kEmpty;
}

const Json& ProcessRow::connections() const {
    static const Json kNone;
    return entry == nullptr ? kNone : member(*entry, "connections");
}

std::vector<ProcessRow> read_rows(const Json& monitor_data) {
    std::vector<ProcessRow> rows;
    if (!monitor_data.is_array()) return rows;
    rows.reserve(monitor_data.size());
    for (const Json& entry : monitor_data) rows.push_back(read_row(entry));
    return rows;
}

std::string text_of(const Json& object, std::string_view key) {
    const Json& value = member(object, key);
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_float()) return number_text(value.get<double>());
    return value.is_number() || value.is_boolean() ? value.dump() : std::string();
}

std::string words_of(const Json& object, std::string_view key) {
    const Json& value = member(object, key);
    if (!value.is_array()) return text_of(object, key);
    std::string text;
    for (const Json& word : value) {
        if (!text.empty()) text += ' ';
        text += word.is_string() ? word.get<std::string>()
                                 : word.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    return text;
}

std::optional<std::int64_t> integer_of(const Json& object, std::string_view key) {
    const Json& value = member(object, key);
    if (value.is_number_float()) return static_cast<std::int64_t>(value.get<double>());
    if (value.is_number()) return value.get<std::int64_t>();
    if (!value.is_string()) return std::nullopt;
    const auto& text = value.get_ref<const std::string&>();
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string span_text(std::int64_t ms) {
    struct Unit {
        std::int64_t seconds;
        char letter;
    };
    constexpr std::array<Unit, 5> kUnits{
        {{31536000, 'Y'}, {2592000, 'M'}, {86400, 'D'}, {3600, 'h'}, {60, 'm'}}};
    if (ms < 1000) return fmt::format("{}ms", ms);
    const std::int64_t seconds = ms / 1000;
    for (const Unit& unit : kUnits) {
        if (seconds / unit.seconds > 1) return fmt::format("{}{}", seconds / unit.seconds, unit.letter);
    }
    return fmt::format("{}s", seconds);
}

std::string uptime_text(const ProcessRow& row, std::int64_t now) {
    if (row.status != "online" || row.online_since <= 0) return "0";
    const std::int64_t seconds = std::max<std::int64_t>(0, (now - row.online_since) / 1000);
    return seconds == 0 ? "0s" : span_text(seconds * 1000);
}

std::string memory_text(const std::optional<std::int64_t>& bytes) {
    if (!bytes) return "N/A";
    constexpr std::array<const char*, 5> kUnits{"b", "kb", "mb", "gb", "tb"};
    double value = static_cast<double>(*bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
    return unit == 0 ? fmt::format("{}b", *bytes) : fmt::format("{:.1f}{}", value, kUnits[unit]);
}

std::string number_text(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    if (std::trunc(value) == value && std::abs(value) < 1e21) return fmt::format("{:.0f}", value);
    return fmt::format("{}", value);
}

std::string iso_time(std::int64_t ms_since_1970) {
    const std::time_t seconds = ms_since_1970 / 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                       utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms_since_1970 % 1000);
}

std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace kpm::cli
