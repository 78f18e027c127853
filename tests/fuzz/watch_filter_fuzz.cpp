// The first line is an entry of ignore_watch, the second a path below the working directory. An entry that is
// no glob ignores the file of its name and all below it; kpm's own files are ignored whatever the entry says.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/core/glob.h"
#include "daemon/core/path_regex.h"
#include "daemon/core/watch_filter.h"
#include "tests/fuzz/require.h"

using namespace kpm;
using namespace kpm::core;

namespace {

constexpr std::string_view kCwd = "/srv/app";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string entry(input.substr(0, input.find('\n')));
    const std::string_view rest = entry.size() < size ? input.substr(entry.size() + 1) : std::string_view();
    const std::string path = resolve_path(kCwd, rest);
    fuzz::require(path.starts_with('/'), "a resolved path is absolute");
    fuzz::require(resolve_path("/", path) == path, "resolving it again changes nothing");

    const auto own_files = std::make_shared<OwnFiles>();
    own_files->add_folder("/var/kpm");
    const WatchFilter filter({.cwd = std::string(kCwd), .ignore = {entry}, .own_files = own_files});
    const bool is_ignored = filter.is_ignored(path);
    fuzz::require(filter.is_ignored(path) == is_ignored, "the answer does not change");
    fuzz::require(filter.is_ignored("/var/kpm/logs/a.log"), "kpm's own files are never reported");
    (void)WatchFilter({.cwd = std::string(kCwd), .ignore = {}}).is_ignored(path);

    const WatchFilter targets({.cwd = std::string(kCwd), .ignore = {}, .targets = {entry}});
    const std::string root = watch_root(std::string(kCwd), entry);
    if (!targets.is_ignored(path) && targets.is_target(path))
        fuzz::require(root == "/" || path == root || path.starts_with(root + '/'),
                      "what counts is below the root");

    (void)Glob(std::string(kCwd) + "/", entry).matches(path);
    (void)is_glob(entry);
    if (const auto regex = PathRegex::compile("regexp:/" + entry + "/")) (void)regex->matches(path);
    fuzz::require(code_points(entry).size() <= entry.size(), "a code point takes at least a byte");
    return 0;
}
