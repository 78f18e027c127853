#pragma once
// A working directory with some files, and what the watcher says of it.

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/io/loop.h"
#include "daemon/io/watcher.h"
#include "tests/support/run_loop.h"
#include "tests/support/temp_dir.h"

namespace kpm::io {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

struct WatchOptions {
    std::vector<std::string> roots{"."};
    std::vector<std::string> ignore{};
    std::vector<std::string> own_files{};
    std::chrono::milliseconds delay{0};
    bool follow_symlinks = true;
    std::vector<std::string> targets{};
    std::optional<int> depth{};
};

class Watched {
public:
    Watched() {
        fs::create_directories(cwd / "src/lib");
        fs::create_directories(cwd / "node_modules/x");
        fs::create_directories(cwd / ".git");
        write("server.js");
        write("src/lib/a.js");
        write("node_modules/x/index.js");
    }

    fs::path in(const std::string& name) const { return (cwd / name).lexically_normal(); }
    void write(const std::string& name, const std::string& text = "text") const {
        std::ofstream(in(name)) << text;
    }

    Result<void> try_start(const WatchOptions& options) {
        if (!inotify) {
            auto opened = Inotify::open(loop);
            if (!opened) return opened.error();
            inotify = std::move(opened).value();
        }
        std::vector<std::string> own;
        for (const std::string& file : options.own_files) own.push_back(in(file));
        own_files->set(0, own);
        core::WatchRules rules{
            .cwd = cwd, .ignore = options.ignore, .own_files = own_files, .targets = options.targets};
        WatchRequest request{.filter = core::WatchFilter(rules),
                             .delay = options.delay,
                             .follow_symlinks = options.follow_symlinks,
                             .depth = options.depth};
        for (const std::string& root : options.roots)
            request.roots.push_back(core::resolve_path(cwd.string(), root));
        auto opened =
            Watcher::open(loop, *inotify, std::move(request),
                          {.on_change = [this](const std::string& path) { changes.push_back(path); },
                           .on_trouble = [this](const Error& error) { troubles.push_back(error); }});
        if (!opened) return opened.error();
        watcher = std::move(opened).value();
        return {};
    }
    void start(const WatchOptions& options = {}) {
        REQUIRE(try_start(options).has_value());
        REQUIRE(run_until(loop, [&] { return !watcher->is_scanning(); }));
    }

    // The one report that comes now is of this path.
    void expect(const std::string& name) {
        INFO(name);
        REQUIRE(run_until(loop, [&] { return !changes.empty(); }));
        CHECK(changes == std::vector<std::string>{in(name)});
        changes.clear();
        expect_nothing();
    }
    // That nothing is reported can only be seen by waiting, a multiple of the shortest burst.
    void expect_nothing() {
        const auto until = std::chrono::steady_clock::now() + 150ms;
        run_until(loop, [&] { return std::chrono::steady_clock::now() > until && !watcher->is_scanning(); });
        CHECK(changes.empty());
    }
    // One or several reports, where the number is the kernel's.
    void expect_some(const std::string& name) {
        INFO(name);
        REQUIRE(run_until(loop, [&] { return !changes.empty(); }));
        CHECK(changes.front() == in(name));
        changes.clear();
        const auto until = std::chrono::steady_clock::now() + 150ms;
        run_until(loop, [&] { return std::chrono::steady_clock::now() > until && !watcher->is_scanning(); });
        changes.clear();
    }

    TempDir directory;
    TempDir elsewhere;
    fs::path cwd = fs::canonical(directory.path());
    Loop loop;
    std::shared_ptr<core::OwnFiles> own_files = std::make_shared<core::OwnFiles>();
    std::unique_ptr<Inotify> inotify;
    std::unique_ptr<Watcher> watcher;
    std::vector<std::string> changes;
    std::vector<Error> troubles;
};

inline void touch(const fs::path& file) {
    REQUIRE(::utimensat(AT_FDCWD, file.c_str(), nullptr, 0) == 0);
}

}  // namespace kpm::io
