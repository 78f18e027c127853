#include "cli/completion_script.h"

#include <catch2/catch.hpp>

namespace kpm::cli {

TEST_CASE("completion: shells by name or path", "[unit][cli][completion]") {
    CHECK(shell_named("bash") == Shell::Bash);
    CHECK(shell_named("/usr/bin/zsh") == Shell::Zsh);
    CHECK(shell_named("/opt/fish") == Shell::Fish);
    CHECK_FALSE(shell_named("sh"));
    CHECK_FALSE(shell_named(""));
}

TEST_CASE("completion: a profile gets the script once and loses it whole", "[unit][cli][completion]") {
    const std::string_view script = completion_script(Shell::Bash);
    const std::string once = with_script("alias x=y", script);
    CHECK(once == "alias x=y\n" + std::string(script));
    CHECK(with_script(once, script) == once);
    CHECK(with_script("", script) == script);
    const std::string amid = once + "export Z=1\n";
    CHECK(without_script(amid) == "alias x=y\nexport Z=1\n");
    CHECK(with_script(amid, script) == "alias x=y\nexport Z=1\n" + std::string(script));
    CHECK_FALSE(without_script("alias x=y\n"));
    CHECK_FALSE(without_script("###-begin-kpm-completion-###\ncut"));
    for (const Shell shell : {Shell::Bash, Shell::Zsh, Shell::Fish})
        CHECK(without_script(completion_script(shell)) == "");
}

}  // namespace kpm::cli
