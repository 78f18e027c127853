#pragma once
// An app's configuration as a slot keeps it: what all instances of an app have in common is stored once, the
// paths that differ with each of them beside it. With the environment a configuration takes some kilobytes.

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
    // `likes`: others that are probably of the same app; what is equal is shared with one of them. May be
    // null.
    explicit SlotConfig(ecosystem::AppConfig config, std::initializer_list<const SlotConfig*> likes = {});

    // Everything but the paths: those are empty here.
    const ecosystem::AppConfig& operator*() const { return *common_; }
    const ecosystem::AppConfig* operator->() const { return common_.get(); }
    const Paths& paths() const { return paths_; }
    // A copy with the paths.
    ecosystem::AppConfig whole() const;

    bool shares_with(const SlotConfig& other) const { return common_ == other.common_; }
    // The same one, unchanged; equal ones may be others.
    bool is_same(const SlotConfig& other) const { return shares_with(other) && paths_ == other.paths_; }

private:
    std::shared_ptr<const ecosystem::AppConfig> common_;  // never null
    Paths paths_;
};

}  // namespace kpm::core
