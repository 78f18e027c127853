#include "daemon/io/package_version.h"

#include "daemon/io/small_file.h"
#include "ipc/base/json.h"

namespace kpm::io {
namespace {

constexpr std::size_t kMaxSize = std::size_t{1} << 20;  // a larger file is no package.json
constexpr std::size_t kMaxVersion = 64;

std::string version_in(const std::filesystem::path& file) {
    const Json json = parse_json(read_small_file(file, kMaxSize));
    if (!json.is_object() || !json.contains("version") || !json["version"].is_string()) return "";
    return json["version"].get<std::string>().substr(0, kMaxVersion);
}

}  // namespace

std::string package_version(const std::filesystem::path& script) {
    for (auto folder = script.parent_path(); !folder.empty(); folder = folder.parent_path()) {
        const auto file = folder / "package.json";
        std::error_code ignored;
        // Not a pipe or a device: opening those could wait.
        if (std::filesystem::is_regular_file(file, ignored)) return version_in(file);
        if (folder == folder.root_path()) break;
    }
    return "";
}

}  // namespace kpm::io
