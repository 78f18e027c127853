#include "ecosystem/interpreter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "ecosystem/resolve.h"
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

}  // namespace

bool looks_binary(std::string_view first_bytes) {
    const auto odd = std::ranges::count_if(first_bytes, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 7 || (byte > 14 && byte < 32) || byte == 127;
    });
    return first_bytes.find('\0') != std::string_view::npos ||
           odd * 10 > static_cast<std::ptrdiff_t>(first_bytes.size());
}

Result<std::string> choose_interpreter(const std::string& script, const Environment& env) {
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
        const bool executable = ::access(script.c_str(), X_OK) == 0;
        // An executable that its owner made unreadable cannot be a script.
        if (executable && (bytes.starts_with("#!") || ::access(script.c_str(), R_OK) != 0))
            return std::string("none");
        if (looks_binary(bytes)) return std::string("none");
    }
    return check_interpreter("node", env);
}

Result<std::string> check_interpreter(const std::string& interpreter, const Environment& env) {
    constexpr std::string_view kVersioned = "node@";
    if (interpreter == "none") return interpreter;
    if (interpreter.starts_with(kVersioned)) {
        const std::string* nvm = find_variable(env, "NVM_DIR");
        const std::string version = interpreter.substr(kVersioned.size());
        const std::string binary = fmt::format("{}/versions/node/v{}/bin/node", nvm ? *nvm : "", version);
        const bool plain = !version.empty() && version.find('/') == std::string::npos;
        if (nvm && plain && ::access(binary.c_str(), X_OK) == 0) return binary;
        return not_available(interpreter);
    }
    if (interpreter.find('/') != std::string::npos) {
        if (::access(interpreter.c_str(), X_OK) == 0) return interpreter;
    } else if (find_in_path(interpreter, env)) {
        return interpreter;
    }
    return not_available(interpreter);
}

}  // namespace kpm::ecosystem
