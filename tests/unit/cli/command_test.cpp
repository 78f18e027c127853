#include "cli/command.h"

#include <catch2/catch.hpp>

#include <set>

#include "cli/help.h"
#include "cli/program.h"
#include "ipc/base/text.h"

namespace kpm::cli {

TEST_CASE("commands: names and aliases are unique and found", "[unit][cli][commands]") {
    std::set<std::string_view> seen;
    for (const Command& command : commands()) {
        CHECK(command.run != nullptr);
        CHECK(find_command(command.name) == &command);
        CHECK(seen.insert(command.name).second);
        for (const std::string_view alias : split(command.aliases, ' ')) {
            if (alias.empty()) continue;
            INFO(alias);
            CHECK(find_command(alias) == &command);
            CHECK(seen.insert(alias).second);
        }
    }
    CHECK(find_command("help") == nullptr);
    CHECK(find_command("") == nullptr);
}

TEST_CASE("commands: what stands behind `deploy … exec` is for the host", "[unit][cli][commands]") {
    using Words = std::vector<std::string>;
    CHECK(own_words(Words{"deploy", "production", "exec", "ls", "-la"}) == 3);
    CHECK(own_words(Words{"deploy", "--force", "eco.json", "production", "run", "--", "ls", "-n"}) == 5);
    CHECK(own_words(Words{"-s", "deploy", "--json", "production", "exec", "--help"}) == 5);
    CHECK(own_words(Words{"deploy", "run", "exec", "x"}) == 3);  // an environment called run
    CHECK(own_words(Words{"deploy", "eco.json", "run", "list"}) == 4);
    CHECK(own_words(Words{"deploy", "production", "ref", "exec", "x"}) == 5);
    CHECK(own_words(Words{"start", "deploy", "exec", "-x"}) == 4);
    CHECK(own_words(Words{"start", "app.js", "--", "deploy", "a", "exec", "-x"}) == 7);
    CHECK(own_words(Words{}) == 0);
}

TEST_CASE("help: every command and every option of an attribute is in it", "[unit][cli][commands]") {
    const std::string help = help_text();
    for (const Command& command : commands())
        CHECK(help.find(std::string(command.name)) != std::string::npos);
    for (const ecosystem::Field& field : ecosystem::fields()) {
        if (!field.flag.empty())
            CHECK(help.find(std::string(field.flag_doc.empty() ? field.doc : field.flag_doc)) !=
                  std::string::npos);
    }
    CHECK(help_text(*find_command("logs")).find("--nostream") != std::string::npos);
}

}  // namespace kpm::cli
