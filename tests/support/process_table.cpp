#include "tests/support/process_table.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>

namespace kpm::test {
namespace {

namespace fs = std::filesystem;

fs::path entry(int pid) {
    return fs::path("/proc") / std::to_string(pid);
}

// Empty when the process is gone or not ours to look at.
std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

template <class Condition>
std::vector<int> processes_where(Condition condition) {
    std::vector<int> pids;
    for (const auto& folder : fs::directory_iterator("/proc")) {
        const std::string name = folder.path().filename();
        int pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ptr == name.data() + name.size() && condition(pid)) pids.push_back(pid);
    }
    std::ranges::sort(pids);
    return pids;
}

std::size_t entries_in(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

int parent_of(int pid) {
    const std::string stat = text_of(entry(pid) / "stat");
    const auto name_end = stat.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream fields(stat.substr(name_end + 1));
    char state = 0;
    int parent = 0;
    fields >> state >> parent;
    return parent;
}

std::vector<int> children_of(int pid) {
    return processes_where([&](int each) { return parent_of(each) == pid; });
}

std::vector<int> processes_with(const std::string& name, const std::string& value) {
    // Every variable ends with a zero byte and, but for the first, follows one.
    const std::string wanted = '\0' + name + '=' + value + '\0';
    return processes_where(
        [&](int pid) { return ('\0' + text_of(entry(pid) / "environ")).find(wanted) != std::string::npos; });
}

std::string variable_of(int pid, const std::string& name) {
    const std::string all = '\0' + text_of(entry(pid) / "environ");
    const std::string wanted = '\0' + name + '=';
    const auto at = all.find(wanted);
    return at == std::string::npos ? "(none)" : std::string(all.c_str() + at + wanted.size());
}

std::map<std::string, std::string> variables_of(int pid) {
    std::map<std::string, std::string> variables;
    std::istringstream all(text_of(entry(pid) / "environ"));
    for (std::string line; std::getline(all, line, '\0');)
        if (const auto sign = line.find('='); sign != std::string::npos)
            variables[line.substr(0, sign)] = line.substr(sign + 1);
    return variables;
}

std::string command_line(int pid) {
    std::string line = text_of(entry(pid) / "cmdline");
    std::ranges::replace(line, '\0', ' ');
    return line;
}

ProcessFigures figures_of(int pid) {
    std::istringstream statm(text_of(entry(pid) / "statm"));
    std::uintmax_t size = 0, resident = 0;
    statm >> size >> resident;
    return {.descriptors = entries_in(entry(pid) / "fd"),
            .threads = entries_in(entry(pid) / "task"),
            .resident = resident * static_cast<std::uintmax_t>(::sysconf(_SC_PAGESIZE))};
}

}  // namespace kpm::test
