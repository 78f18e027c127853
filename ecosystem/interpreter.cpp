#include "ecosystem/interpreter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <utility>

#include "ecosystem/child_output.h"
#include "ecosystem/resolve.h"
#include "ipc/base/text.h"
#include "ipc/base/unique_fd.h"

namespace kpm::ecosystem {
namespace {

struct ByExtension {
    std::string_view extension;
    std::array<std::string_view, 2> interpreters;  // the second is taken when the first is not installed
};
constexpr ByExtension kByExtension[] = {
    {".js", {"node", ""}},          {".mjs", {"node", ""}},      {".cjs", {"node", ""}},
    {".py", {"python", "python3"}}, {".sh", {"bash", ""}},       {".rb", {"ruby", ""}},
    {".php", {"php", ""}},          {".pl", {"perl", ""}},       {".ts", {"bun", "node"}},
    {".tsx", {"bun", ""}},          {".coffee", {"coffee", ""}}, {".ls", {"lsc", ""}},
};
constexpr std::size_t kSniffed = 512;
constexpr std::chrono::seconds kVersionDeadline{10};
constexpr std::size_t kMostVersion = 1024;
constexpr std::string_view kVersioned = "node@";
constexpr const char* kNodeOfVersion = "bin/node";

Error not_available(std::string_view interpreter) {
    return Error{ErrorCode::Unavailable,
                 fmt::format("Interpreter {} is NOT AVAILABLE in PATH.", interpreter)};
}

std::string first_bytes(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    std::string bytes(kSniffed, '\0');
    const ssize_t size = file ? ::read(file.get(), bytes.data(), bytes.size()) : 0;
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
}

// What a "#!" line asks for, if that is Node without arguments.
std::optional<std::string> node_of_first_line(std::string_view bytes) {
    const std::size_t end = bytes.find('\n');
    if (!bytes.starts_with("#!") || end == std::string_view::npos) return std::nullopt;
    const std::string_view line = trim(bytes.substr(2, end - 2));
    if (line == "/usr/bin/env node") return "node";
    if (line.ends_with("/node") && line.find_first_of(" \t") == std::string_view::npos)
        return std::string(line);
    return std::nullopt;
}

// "v20.1.0" and "20.1" as numbers; nullopt: it is no version.
std::optional<std::vector<int>> version_numbers(std::string_view text) {
    if (text.starts_with('v')) text.remove_prefix(1);
    std::vector<int> numbers;
    for (const std::string_view part : split(text, '.')) {
        int number = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
        if (part.empty() || error != std::errc{} || end != part.data() + part.size() || number < 0)
            return std::nullopt;
        numbers.push_back(number);
    }
    return numbers;
}

bool has_version(std::string_view folder, std::string_view wanted) {
    const auto version = version_numbers(folder), prefix = version_numbers(wanted);
    return version && prefix && prefix->size() <= version->size() &&
           std::equal(prefix->begin(), prefix->end(), version->begin());
}

// The versions in the folder that have a program to run.
std::vector<std::string> installed_versions(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    std::error_code problem;
    for (std::filesystem::directory_iterator it(folder, problem), end; !problem && it != end;
         it.increment(problem))
        if (::access((it->path() / kNodeOfVersion).c_str(), X_OK) == 0)
            names.push_back(it->path().filename().string());
    return names;
}

// Installing one, as PM2 does, is left to the user: a start ought not to fetch programs from the network.
Result<std::string> node_of_nvm(const std::string& interpreter, const Environment& env) {
    const std::string wanted = interpreter.substr(kVersioned.size());
    const std::string* nvm = find_variable(env, "NVM_DIR");
    if (nvm == nullptr || nvm->empty())
        return Error{ErrorCode::Unavailable,
                     fmt::format("{} NVM_DIR is not set; with nvm, `nvm install {}` installs it",
                                 not_available(interpreter).message, wanted)};
    const auto folder = std::filesystem::path(*nvm) / "versions" / "node";
    if (const auto found = newest_version(installed_versions(folder), wanted))
        return (folder / *found / kNodeOfVersion).string();
    return Error{ErrorCode::Unavailable,
                 fmt::format("{} There is no such version in '{}'; `nvm install {}` installs it",
                             not_available(interpreter).message, folder.string(), wanted)};
}

}  // namespace

bool looks_binary(std::string_view first_bytes) {
    const auto odd = std::ranges::count_if(first_bytes, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 7 || (byte > 14 && byte < 32) || byte == 127;
    });
    return first_bytes.find('\0') != std::string_view::npos ||
           odd * 10 > static_cast<std::ptrdiff_t>(first_bytes.size());
}

Result<std::string> choose_interpreter(const std::string& script, const Environment& env, bool for_cluster) {
    const std::filesystem::path path(script);
    for (const ByExtension& row : kByExtension) {
        if (path.extension() != row.extension) continue;
        for (const std::string_view interpreter : row.interpreters)
            if (!interpreter.empty() && find_in_path(interpreter, env)) return std::string(interpreter);
        return not_available(row.interpreters[0]);
    }
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) {
        const std::string bytes = first_bytes(script);
        const auto node = for_cluster ? node_of_first_line(bytes) : std::nullopt;
        if (node) return check_interpreter(*node, env);
        const bool executable = ::access(script.c_str(), X_OK) == 0;
        // An executable that its owner made unreadable cannot be a script.
        if (executable && (bytes.starts_with("#!") || ::access(script.c_str(), R_OK) != 0))
            return std::string("none");
        if (looks_binary(bytes)) return std::string("none");
    }
    return check_interpreter("node", env);
}

std::optional<std::vector<std::string>> typescript_arguments(std::string_view node_version) {
    std::string_view text = trim(node_version);
    if (text.starts_with('v')) text.remove_prefix(1);
    int major = 0, minor = 0;
    const char* const end = text.data() + text.size();
    const auto [dot, error] = std::from_chars(text.data(), end, major);
    if (error != std::errc{} || dot == end || *dot != '.' ||
        std::from_chars(dot + 1, end, minor).ec != std::errc{})
        return std::vector<std::string>{};  // its own error will say what is wrong
    const std::pair version{major, minor};
    if (version >= std::pair{23, 6} || (major == 22 && minor >= 18)) return std::vector<std::string>{};
    if (version >= std::pair{22, 6}) return std::vector<std::string>{"--experimental-strip-types"};
    return std::nullopt;
}

Result<std::vector<std::string>> typescript_arguments_of_node(const Environment& env) {
    const auto node = find_in_path("node", env);
    if (!node) return not_available("node");
    const auto printed = run_to_end(*node, {"node", "--version"}, env, kVersionDeadline, kMostVersion);
    if (!printed) return printed.error();
    auto arguments = typescript_arguments(printed->out);
    if (arguments) return *std::move(arguments);
    return Error{
        ErrorCode::Unavailable,
        fmt::format("TypeScript needs bun, Node.js 22.6 or later (this is {}), or an interpreter of your "
                    "own, such as --interpreter ts-node",
                    trim(printed->out))};
}

std::optional<std::string> newest_version(const std::vector<std::string>& folders, std::string_view wanted) {
    std::optional<std::string> newest;
    for (const std::string& folder : folders)
        if (has_version(folder, wanted) && (!newest || version_numbers(*newest) < version_numbers(folder)))
            newest = folder;
    return newest;
}

bool is_relative_path(std::string_view interpreter) {
    return interpreter.find('/') != std::string_view::npos && !interpreter.starts_with('/') &&
           !interpreter.starts_with(kVersioned);
}

Result<std::string> check_interpreter(const std::string& interpreter, const Environment& env) {
    if (interpreter == "none") return interpreter;
    if (interpreter.starts_with(kVersioned)) return node_of_nvm(interpreter, env);
    if (interpreter.find('/') != std::string::npos) {
        if (::access(interpreter.c_str(), X_OK) == 0) return interpreter;
    } else if (find_in_path(interpreter, env)) {
        return interpreter;
    }
    return not_available(interpreter);
}

}  // namespace kpm::ecosystem
