// Every command, alias and option that pm2's help names is known to kpm, or stands here with the reason.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <sstream>

#include "tests/support/pm2_pair.h"

using namespace kpm::test;

namespace {

using Names = std::set<std::string>;

struct Help {
    Names options, commands;
};

// Lines such as "    -n --name <name>    …" and "    delete|del <name>    …" below their heads.
Help help_of(const std::string& text) {
    Help help;
    Names* names = nullptr;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("  Options:")) names = &help.options;
        if (line.starts_with("  Commands:")) names = &help.commands;
        if (names == nullptr || line.size() < 5 || line.compare(0, 4, "    ") != 0 || line[4] == ' ')
            continue;
        std::istringstream title(line.substr(4, line.find("  ", 4) - 4));
        for (std::string word; title >> word && (names == &help.commands || word[0] == '-');) {
            std::ranges::replace(word, '|', ' ');
            std::erase(word, ',');
            std::istringstream each(word);
            for (std::string name; each >> name;) names->insert(name);
            if (names == &help.commands) break;
        }
    }
    return help;
}

Names only_in_first(const Names& first, const Names& second) {
    Names rest;
    std::ranges::set_difference(first, second, std::inserter(rest, rest.end()));
    return rest;
}

const Names kVendor{"link",     "unlink", "monitor", "unmonitor",    "open",           "plus",
                    "register", "login",  "logout",  "install-otel", "uninstall-otel", "autoinstall"};
const Names kModules{"module:generate", "publish", "module:publish"};
const Names kGit{"pull", "forward", "backward"};
// Of PM2 alone: its sample apps, its own update by npm, profiles of its daemon, an entry that matches all.
const Names kOwn{"create",   "deepUpdate", "profile:mem", "profile:cpu",
                 "inspect", "logrotate", "slist",      "sysinfos",    "*"};
const Names kContainer{"--fresh",      "--daemon",       "--container",   "--dist",
                       "--image-name", "--node-version", "--dockerdaemon"};

Names together(std::initializer_list<Names> sets) {
    Names all;
    for (const Names& names : sets) all.insert(names.begin(), names.end());
    return all;
}

}  // namespace

TEST_CASE("cli parity: what pm2's help names is known", "[e2e][parity]") {
    const Pm2Pair pair;
    const auto [pm2, kpm] = pair.run({"--help"});
    const Help by_pm2 = help_of(pm2.out), by_kpm = help_of(kpm.out);
    REQUIRE(by_pm2.commands.size() > 50);
    REQUIRE(by_kpm.commands.size() > 20);
    CHECK(only_in_first(by_pm2.commands, by_kpm.commands) == together({kVendor, kModules, kGit, kOwn}));
    CHECK(only_in_first(by_pm2.options, by_kpm.options).empty());

    for (const auto& [command, allowed] :
         std::map<std::string, Names>{{"start", kContainer}, {"restart", {}}, {"stop", {}}, {"logs", {}}}) {
        INFO(command);
        const auto own = pair.run({command, "--help"});
        const Help own_pm2 = help_of(own.pm2.out), own_kpm = help_of(own.kpm.out);
        Names known = by_kpm.options;
        known.insert(own_kpm.options.begin(), own_kpm.options.end());
        REQUIRE_FALSE(own_pm2.options.empty());
        CHECK(only_in_first(own_pm2.options, known) == allowed);
    }
}
