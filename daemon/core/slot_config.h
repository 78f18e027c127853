#pragma once
// An app's configuration as a slot keeps it: what all instances of an app have in common is stored once, and
// so are their paths without the number in which they differ. With the environment a configuration takes some
// kilobytes, the paths of an instance two hundred bytes.

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>

#include "ecosystem/app_config.h"

namespace kpm::core {

class SlotConfig {
public:
    struct Paths {
        std::string out_file, error_file, pid_file;

        bool operator==(const Paths&) const = default;
    };

    SlotConfig();
    // `number`: what the paths have in them as "-NUMBER", the pm_id; others are kept as they are. `likes`:
    // others that are probably of the same app; what is equal is shared with one of them. May be null.
    SlotConfig(ecosystem::AppConfig config, int number, std::initializer_list<const SlotConfig*> likes = {});

    // Everything but the paths: those are empty here.
    const ecosystem::AppConfig& operator*() const { return *common_; }
    const ecosystem::AppConfig* operator->() const { return common_.get(); }
    Paths paths() const;
    // A copy with the paths.
    ecosystem::AppConfig whole() const;

    bool shares_with(const SlotConfig& other) const { return common_ == other.common_; }
    // The same one, unchanged; equal ones may be others.
    bool is_same(const SlotConfig& other) const;

private:
    struct Pattern {
        std::string text;                    // without the number
        std::size_t at = std::string::npos;  // where it stands; npos: nowhere

        bool operator==(const Pattern&) const = default;
    };
    using Patterns = std::array<Pattern, 3>;  // in the order of Paths

    static Pattern pattern_of(std::string path, const std::string& mark);
    std::string fill(const Pattern& pattern) const;

    std::shared_ptr<const ecosystem::AppConfig> common_;  // never null
    std::shared_ptr<const Patterns> patterns_;            // never null
    int number_ = 0;
};

}  // namespace kpm::core
