#pragma once
// A folder that is gone with its owner, and a way to fill it.

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

namespace kpm::ecosystem {

class TempFolder {
public:
    TempFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "kpm-ecosystem-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = std::filesystem::canonical(pattern).string();
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const { return path_; }

    // Returns the absolute path.
    std::string file(const std::string& name, const std::string& content, bool executable = false) const {
        const std::filesystem::path target = std::filesystem::path(path_) / name;
        std::filesystem::create_directories(target.parent_path());
        std::ofstream(target, std::ios::binary) << content;
        if (executable) std::filesystem::permissions(target, std::filesystem::perms::owner_all);
        return target.string();
    }

private:
    std::string path_;
};

}  // namespace kpm::ecosystem
