#pragma once
// An app's configuration as a slot keeps it: what all instances of an app have in common is stored once, the
// paths that differ with each of them beside it. With the environment a configuration takes some kilobytes.

#include <memory>
#include <string>

#include "ecosystem/app_config.h"

namespace kpm::core {

class SlotConfig {
public:
    struct Paths {
        std::string out_file, error_file, pid_file;
    };

    SlotConfig();
    // `like`: another slot's, probably of the same app; what is equal is shared with it. May be null.
    explicit SlotConfig(ecosystem::AppConfig config, const SlotConfig* like = nullptr);

    // Everything but the paths: those are empty here.
    const ecosystem::AppConfig& operator*() const { return *common_; }
    const ecosystem::AppConfig* operator->() const { return common_.get(); }
    const Paths& paths() const { return paths_; }
    // A copy with the paths.
    ecosystem::AppConfig whole() const;

    bool shares_with(const SlotConfig& other) const { return common_ == other.common_; }

private:
    std::shared_ptr<const ecosystem::AppConfig> common_;  // never null
    Paths paths_;
};

}  // namespace kpm::core
