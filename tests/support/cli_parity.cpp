#include "tests/support/cli_parity.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>

#include "ipc/client.h"
#include "ipc/home.h"
#include "tests/support/eventually.h"

namespace kpm::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

constexpr auto kLimit = 60s;  // for the two lists to become the same

constexpr Part kParts[] = {Part::Exit, Part::Output, Part::Errors, Part::List, Part::Files};

const char* title(Part part) {
    constexpr const char* kTitles[] = {"exit", "stdout", "stderr", "list", "files"};
    return kTitles[static_cast<int>(part)];
}

Lines lines_of(const std::string& text) {
    Lines lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

// Lines in a row that tell of actions are sorted: several are under way at a time.
Lines in_one_order(Lines lines) {
    const auto is_action = [](const std::string& line) {
        return line.ends_with(" ✓") || line.starts_with("[PM2] Applying action") ||
               line.starts_with("[PM2][WARN] Environment [");
    };
    for (auto at = lines.begin(); at != lines.end();) {
        const auto end = std::find_if_not(at, lines.end(), is_action);
        std::sort(at, end);
        at = end == lines.end() ? end : end + 1;
    }
    return lines;
}

// The lines that only pm2 has behind '-', those that only kpm has behind '+': the longest common subsequence
// left out.
std::string diff(const Lines& pm2, const Lines& kpm) {
    std::vector<std::vector<int>> common(pm2.size() + 1, std::vector<int>(kpm.size() + 1));
    for (std::size_t i = pm2.size(); i-- > 0;) {
        for (std::size_t j = kpm.size(); j-- > 0;)
            common[i][j] =
                pm2[i] == kpm[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
    std::string text;
    for (std::size_t i = 0, j = 0; i < pm2.size() || j < kpm.size();) {
        if (i < pm2.size() && j < kpm.size() && pm2[i] == kpm[j]) {
            ++i, ++j;
        } else if (j == kpm.size() || (i < pm2.size() && common[i + 1][j] >= common[i][j + 1])) {
            text += "    - " + pm2[i++] + "\n";
        } else {
            text += "    + " + kpm[j++] + "\n";
        }
    }
    return text;
}

Lines words_of(std::string_view line) {
    Lines words;
    std::string word;
    bool is_quoted = false, is_word = false;
    for (const char c : std::string(line) + " ") {
        if (c == '\'') {
            is_quoted = !is_quoted;
            is_word = true;
        } else if (c != ' ' || is_quoted) {
            word += c;
            is_word = true;
        } else if (is_word) {
            words.push_back(std::exchange(word, ""));
            is_word = false;
        }
    }
    return words;
}

// What jlist says of a process, a line for each member, without what differs by nature. Nothing of
// unstable_restarts: pm2 counts ends within a second of the start, also those that a command has asked for.
void add_facts(const Json& row, const std::map<std::string, std::string>& roots, Lines& facts) {
    const Json& env = row.at("pm2_env");
    const std::string name = row.value("name", "?") + " " + row.at("pm_id").dump() + ": ";
    for (const std::string key :
         {"status", "restart_time", "namespace", "exec_mode", "instances", "args", "node_args",
          "exec_interpreter", "pm_exec_path", "pm_cwd", "pm_out_log_path", "pm_err_log_path", "watch",
          "autorestart", "cron_restart", "max_memory_restart", "kill_timeout", "merge_logs", "COLOUR"}) {
        const auto value = env.find(key);
        if (value != env.end() && !(key == "watch" && *value == false))
            facts.push_back(masked(name + key + "=" + value->dump(), roots));
    }
    const Json pid = row.value("pid", Json(0));
    facts.push_back(name + (pid.is_number() && pid.get<int>() > 0 ? "running" : "no process"));
}

Lines list_of(const fs::path& home, const std::map<std::string, std::string>& roots) {
    Lines facts;
    auto client = ipc::Client::connect(ipc::Home(home));
    if (!client) return {"no daemon"};
    const auto rows = client->call(ipc::method::kGetMonitorData);
    if (!rows || !rows->is_array()) return {"no list"};
    for (const Json& row : *rows) add_facts(row, roots, facts);
    std::ranges::sort(facts);
    return facts;
}

void add_files(const fs::path& folder, const std::string& prefix, Lines& names) {
    std::error_code ignored;
    for (fs::recursive_directory_iterator at(folder, ignored), end; at != end; at.increment(ignored)) {
        if (ignored) break;
        names.push_back(prefix + fs::relative(at->path(), folder, ignored).string());
    }
}

std::vector<Difference> find_differences(std::string_view name) {
    std::vector<Difference> found;
    for (const Difference& one : known_differences())
        if (one.name == name) found.push_back(one);
    if (found.empty()) throw std::runtime_error("no such difference: " + std::string(name));
    return found;
}

const std::regex& regex_of(std::string_view pattern) {
    static std::map<std::string, std::regex, std::less<>> known;
    auto at = known.find(pattern);
    if (at == known.end()) at = known.emplace(pattern, std::regex(std::string(pattern))).first;
    return at->second;
}

// The lines that do not match; sets `found` when one does.
Lines without(const Lines& lines, std::string_view pattern, bool& found) {
    if (pattern.empty()) return lines;
    Lines kept;
    for (const std::string& line : lines) {
        if (std::regex_match(line, regex_of(pattern)))
            found = true;
        else
            kept.push_back(line);
    }
    return kept;
}

struct Sides {
    Lines pm2, kpm;
};

using Carried = std::map<Part, std::pair<std::set<std::string>, std::set<std::string>>>;

// What is left of a part when the differences are taken out; tells of those that do not occur.
Sides reduce(Part part, Sides sides, const ParityCase& one, const Carried& carried,
             std::vector<std::string>& missing) {
    if (const auto known = carried.find(part); known != carried.end()) {
        std::erase_if(sides.pm2, [&](const std::string& line) { return known->second.first.contains(line); });
        std::erase_if(sides.kpm,
                      [&](const std::string& line) { return known->second.second.contains(line); });
    }
    bool ignored = false;
    for (const Difference& everywhere : differences_everywhere()) {
        if (everywhere.part != part) continue;
        sides = {without(sides.pm2, everywhere.pm2, ignored), without(sides.kpm, everywhere.kpm, ignored)};
    }
    const bool is_same = in_one_order(sides.pm2) == in_one_order(sides.kpm);
    for (const std::string_view name : one.differences) {
        for (const Difference& difference : find_differences(name)) {
            if (difference.part != part) continue;
            bool found = false;
            sides = {without(sides.pm2, difference.pm2, found), without(sides.kpm, difference.kpm, found)};
            if (!found || is_same) missing.push_back(std::string(name) + " in " + title(part));
        }
    }
    return {in_one_order(std::move(sides.pm2)), in_one_order(std::move(sides.kpm))};
}

class Comparison {
public:
    explicit Comparison(const ParityGroup& group) : group_(group) {
        for (const auto& [name, text] : group.files) pair_.kpm().write(std::string(name), std::string(text));
        roots_pm2_ = {{pair_.pm2_home(), "<home>"}, {pair_.kpm().work(), "<work>"}};
        roots_kpm_ = {{pair_.kpm_home(), "<home>"}, {pair_.kpm().work(), "<work>"}};
    }

    bool run(const ParityCase& one) {
        if (one.line.starts_with("$ ")) {
            shell(std::string(one.line.substr(2)));
            return false;
        }
        Lines words = words_of(one.line);
        std::string input;
        if (words.size() > 1 && words[words.size() - 2] == "<") {
            input = words.back();
            words.resize(words.size() - 2);
        }
        const auto start = std::chrono::steady_clock::now();
        auto by_pm2 = std::async(std::launch::async, [&] { return pair_.run_pm2(words, input); });
        const CommandResult kpm = pair_.run_kpm(words, input);
        const CommandResult pm2 = by_pm2.get();
        const auto ran = std::chrono::steady_clock::now();
        std::map<Part, Sides> parts;
        parts[Part::Exit] = {{std::to_string(pm2.status)}, {std::to_string(kpm.status)}};
        parts[Part::Output] = {lines_of(masked(pm2.out, roots_pm2_)), lines_of(masked(kpm.out, roots_kpm_))};
        parts[Part::Errors] = {lines_of(masked(pm2.err, roots_pm2_)), lines_of(masked(kpm.err, roots_kpm_))};
        std::vector<std::string> missing;
        eventually(
            [&] {
                missing.clear();
                look(parts);
                const Sides list = reduce(Part::List, parts[Part::List], one, carried_, missing);
                const Sides files = reduce(Part::Files, parts[Part::Files], one, carried_, missing);
                return missing.empty() && list.pm2 == list.kpm && files.pm2 == files.kpm;
            },
            kLimit);
        judge(one, parts);
        if (std::getenv("KPM_PARITY_TIMES"))
            std::cerr << (ran - start) / 1ms << " + " << (std::chrono::steady_clock::now() - ran) / 1ms
                      << " ms  " << one.line << std::endl;
        return true;
    }

private:
    void look(std::map<Part, Sides>& parts) const {
        parts[Part::List] = {list_of(pair_.pm2_home(), roots_pm2_), list_of(pair_.kpm_home(), roots_kpm_)};
        parts[Part::Files] = {files(pair_.pm2_home()), files(pair_.kpm_home())};
    }

    static Lines files(const fs::path& home) {
        Lines names;
        add_files(home, "", names);
        std::ranges::sort(names);
        return names;
    }

    void judge(const ParityCase& one, const std::map<Part, Sides>& parts) {
        std::vector<std::string> missing;
        std::string report;
        for (const Part part : kParts) {
            const Sides& whole = parts.at(part);
            const Sides rest = reduce(part, whole, one, carried_, missing);
            if (rest.pm2 == rest.kpm) continue;
            report += std::string("  ") + title(part) + ":\n" + diff(rest.pm2, rest.kpm);
        }
        // Also when both were killed: that they agree in this says nothing.
        const Sides& exits = parts.at(Part::Exit);
        if (const std::string late = std::to_string(kLateStatus);
            exits.pm2.front() == late || exits.kpm.front() == late)
            report += "  did not end: pm2 " + exits.pm2.front() + ", kpm " + exits.kpm.front() + "\n";
        for (const std::string& name : missing) report += "  does not occur: " + name + "\n";
        carry(parts);
        CHECK(report.empty());
        if (report.empty()) return;
        std::cerr << group_.name << ": " << one.line << "\n" << report << std::flush;  // Catch would wrap it
    }

    // What lasts: the members of processes, files, and the processes' rows in the tables that are printed.
    void carry(const std::map<Part, Sides>& parts) {
        carried_.erase(Part::List);
        carried_.erase(Part::Files);
        for (const Part part : {Part::List, Part::Files}) {
            const auto& [pm2, kpm] = parts.at(part);
            auto& [only_pm2, only_kpm] = carried_[part];
            for (const std::string& line : pm2)
                if (std::ranges::find(kpm, line) == kpm.end()) only_pm2.insert(line);
            for (const std::string& line : kpm)
                if (std::ranges::find(pm2, line) == pm2.end()) only_kpm.insert(line);
        }
        const auto& [pm2, kpm] = parts.at(Part::Output);
        const auto is_row = [](const std::string& line) { return line.starts_with("│"); };
        if (std::ranges::none_of(pm2, is_row)) return;
        carried_.erase(Part::Output);
        auto& [only_pm2, only_kpm] = carried_[Part::Output];
        for (const std::string& line : pm2)
            if (is_row(line) && std::ranges::find(kpm, line) == kpm.end()) only_pm2.insert(line);
        for (const std::string& line : kpm)
            if (is_row(line) && std::ranges::find(pm2, line) == pm2.end()) only_kpm.insert(line);
    }

    void shell(const std::string& command) const {
        for (const fs::path& home : {pair_.pm2_home(), pair_.kpm_home()}) {
            const auto done =
                run_command({"sh", "-c", command}, {{"HOME_OF_TEST", home}}, pair_.kpm().work());
            if (done.status != 0) throw std::runtime_error(command + ": " + done.err);
        }
    }

    const ParityGroup& group_;
    Pm2Pair pair_;
    std::map<std::string, std::string> roots_pm2_, roots_kpm_;
    Carried carried_;  // lines that only one side has since an earlier command: told of once
};

}  // namespace

int compare(const ParityGroup& group) {
    Comparison comparison(group);
    int count = 0;
    for (const ParityCase& one : group.cases) count += comparison.run(one);
    return count;
}

}  // namespace kpm::test
