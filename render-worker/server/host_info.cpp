#include "render-worker/server/host_info.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace kpm::render {
namespace {

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

std::string host_info_path(const std::string& file) {
    const char* id = std::getenv("pm_id");
    int number = 0;
    if (!id || std::from_chars(id, id + std::strlen(id), number).ec != std::errc{}) return file;
    return fmt::format("{}{}", file, number + 1);
}

Result<void> write_host_info(const std::string& path, std::uint16_t port) {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    // Beside it and renamed: a reader never sees half of it.
    const std::string beside = path + ".new";
    std::unique_ptr<std::FILE, CloseFile> file(std::fopen(beside.c_str(), "w"));
    if (!file) return os_error("write", path, errno);
    fmt::print(file.get(), "{}:{}", host.data(), port);
    if (std::fclose(file.release()) != 0 || std::rename(beside.c_str(), path.c_str()) != 0)
        return os_error("write", path, errno);
    return {};
}

}  // namespace kpm::render
