// The tab key: the shells themselves, with the script that kpm prints for them.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/support/kpm_home.h"

namespace kpm::completion_test {
using namespace test;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

bool is_installed(const std::string& program) {
    return run_command({"sh", "-c", "command -v " + program}).status == 0;
}

// A shell that runs `text` with the words behind it as its arguments.
std::string shell(const KpmHome& kpm, std::vector<std::string> argv, const std::vector<std::string>& words) {
    auto env = kpm.env();
    env["PATH"] = bin_dir().string() + ":" + std::getenv("PATH");
    env["HOME"] = kpm.work().string();
    argv.insert(argv.end(), words.begin(), words.end());
    const CommandResult result = run_command(argv, env, kpm.work().string());
    INFO(result.err);
    CHECK(result.err.empty());
    return "\n" + result.out;
}

std::string bash(const KpmHome& kpm, const std::vector<std::string>& words) {
    return shell(kpm,
                 {"bash", "--norc", "-c",
                  "source <(kpm completion bash); COMP_WORDS=(kpm \"$@\"); COMP_CWORD=$#; _kpm_completion; "
                  "printf '%s\\n' \"${COMPREPLY[@]}\"",
                  "bash"},
                 words);
}

std::string zsh(const KpmHome& kpm, const std::vector<std::string>& words) {
    return shell(
        kpm,
        {"zsh", "-f", "-c",
         "compdef() {}; _files() {}; _describe() { print -rl -- ${(P)2} }; source <(kpm completion zsh); "
         "words=(kpm \"$@\"); CURRENT=$(( $# + 1 )); _kpm_completion",
         "zsh"},
        words);
}

std::string fish(const KpmHome& kpm, const std::string& line) {
    return shell(
        kpm, {"fish", "--no-config", "-c", "kpm completion fish | source; complete -C '" + line + "'"}, {});
}

}  // namespace

TEST_CASE("completion: the shells complete commands, options and apps", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "#!/bin/sh\nwhile :; do sleep 1; done\n");
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "web:1"}).status == 0);
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "we$(touch run)"}).status == 0);
    CHECK(bash(kpm, {"resu"}) == "\nresurrect\n");
    CHECK(bash(kpm, {"logs", "--nos"}) == "\n--nostream\n");
    CHECK(has(bash(kpm, {"stop", "we"}), "\nweb:1\n"));
    CHECK(has(bash(kpm, {"stop", "we"}), "\nwe\\$\\(touch\\ run\\)\n"));
    CHECK(has(bash(kpm, {"stop", ""}), "\nall\n"));
    if (is_installed("zsh")) {
        CHECK(has(zsh(kpm, {"resu"}), "\nresurrect:start what was saved\n"));
        CHECK(has(zsh(kpm, {"stop", "we"}), "\nweb\\:1:online\n"));
    }
    if (is_installed("fish")) {
        CHECK(has(fish(kpm, "kpm resu"), "\nresurrect\tstart what was saved\n"));
        CHECK(has(fish(kpm, "kpm stop we"), "\nweb:1\tonline\n"));
    }
    CHECK(kpm.read(kpm.work() / "run").empty());
}

TEST_CASE("completion: without a daemon it starts none", "[e2e]") {
    const KpmHome kpm;
    CHECK(bash(kpm, {"stop", "al"}) == "\nall\n");
    CHECK(kpm.daemon_pid() == 0);
}

TEST_CASE("completion: is installed into the profile once, and removed", "[e2e]") {
    const KpmHome kpm;
    const auto run = [&](std::vector<std::string> words) {
        auto env = kpm.env();
        env["HOME"] = kpm.work().string();
        env["SHELL"] = "/bin/bash";
        env["XDG_CONFIG_HOME"] = env["ZDOTDIR"] = "";
        words.insert(words.begin(), {(bin_dir() / "kpm").string(), "completion"});
        const CommandResult result = run_command(words, env, kpm.work().string());
        CHECK(result.status == 0);
        return result.out;
    };
    kpm.write(".bashrc", "alias ll='ls -l'\n");
    CHECK(has(run({"install"}), "✓"));
    const std::string installed = kpm.read(kpm.work() / ".bashrc");
    CHECK(installed == "alias ll='ls -l'\n" + run({"bash"}));
    CHECK(has(run({"install"}), "already"));
    CHECK(kpm.read(kpm.work() / ".bashrc") == installed);
    // An interactive shell reads the file, and knows then how to complete.
    CHECK(shell(kpm,
                {"bash", "-c",
                 "bash -i -c 'complete -p kpm; COMP_WORDS=(kpm resu); COMP_CWORD=1; _kpm_completion; "
                 "echo ${COMPREPLY[@]}; alias ll' 2>/dev/null"},
                {}) == "\ncomplete -o default -F _kpm_completion kpm\nresurrect\nalias ll='ls -l'\n");
    CHECK(has(run({"uninstall"}), "✓"));
    CHECK(kpm.read(kpm.work() / ".bashrc") == "alias ll='ls -l'\n");
    CHECK(has(run({"install", "fish"}), "kpm.fish"));
    CHECK(has(kpm.read(kpm.work() / ".config/fish/completions/kpm.fish"), "complete -c kpm"));
    CHECK(has(run({"uninstall", "fish"}), "✓"));
    CHECK_FALSE(std::filesystem::exists(kpm.work() / ".config/fish/completions/kpm.fish"));
}

TEST_CASE("completion: an unknown shell is named, exit 1", "[e2e]") {
    const KpmHome kpm;
    const CommandResult result = kpm.kpm({"completion", "csh"});
    CHECK(result.status == 1);
    CHECK(has(result.err, "cannot complete in 'csh'"));
}

}  // namespace kpm::completion_test
