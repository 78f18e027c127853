// kpm-runtime as the first process of a container.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <string>

#include "ipc/base/json.h"
#include "tests/support/container.h"
#include "tests/support/eventually.h"

namespace kpm::runtime_test {
using namespace test;
using namespace std::chrono_literals;

namespace {

// Without root nothing of this can be tested.
struct Root {
    Root() { REQUIRE(::geteuid() == 0); }
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

bool comes(const Container& container, const std::string& text) {
    return eventually([&] { return has(container.out(), text); });
}

}  // namespace

TEST_CASE("runtime: these containers have Docker's default rights, first process and second shell", "[e2e]") {
    const Root root;
    Container container;
    container.write("app.sh",
                    "#!/bin/sh\ncat /proc/self/status\nunshare --net true || echo refused\nexec sleep 600\n");
    container.start({"kpm-runtime", "app.sh"});
    CHECK(comes(container, "refused\n"));
    const CommandResult second = container.exec({"cat", "/proc/self/status"});
    for (const std::string& status : {container.out(), second.out}) {
        CHECK(has(status, "CapBnd:\t00000000a80425fb\n"));
        CHECK(has(status, "Seccomp:\t2\n"));
    }
}

TEST_CASE("runtime: an engine that knows no newer system calls", "[e2e]") {
    const Root root;
    Container container({.env = {"HOME=/tmp"}, .has_old_engine = true});
    container.write("app.sh", "#!/bin/sh\nls -l /proc/self/fd\necho here\nexec sleep 600\n");
    // Neither the starter's descriptors nor the keeper's reach the app.
    container.start({"sh", "-c", "exec 9</etc/passwd && exec kpm-runtime app.sh"});
    CHECK(comes(container, "here\n"));
    INFO(container.out() << container.err());
    CHECK(has(container.out(), " 0 -> pipe:"));
    CHECK_FALSE(has(container.out(), "/etc/passwd"));
    CHECK_FALSE(has(container.out(), "kpm.lock"));
    CHECK(container.exec({"kpm", "restart", "app"}).status == 0);
    container.signal(SIGTERM);
    CHECK(container.wait() == 0);
}

TEST_CASE("runtime: the exit code is the app's own", "[e2e]") {
    const Root root;
    for (const auto& [script, code] :
         {std::pair{"exit 0", 0}, std::pair{"exit 3", 3}, std::pair{"kill -KILL $$", 128 + SIGKILL},
          std::pair{"kill -SEGV $$", 128 + SIGSEGV}}) {
        CAPTURE(script);
        Container container;
        container.write("app.sh", std::string("#!/bin/sh\necho said\n") + script + "\n");
        container.start({"kpm-runtime", "app.sh", "--no-autorestart"});
        CHECK(container.wait() == code);
        CHECK(container.out() == "said\n");
    }
}

TEST_CASE("runtime: an app that is given up ends the container with its last code", "[e2e]") {
    const Root root;
    Container container;
    container.write("app.sh", "#!/bin/sh\necho run\nexit 7\n");
    container.start({"pm2-runtime", "start", "app.sh", "--max-restarts", "2"});
    CHECK(container.wait() == 7);
    CHECK(container.out().substr(0, 8) == "run\nrun\n");
}

TEST_CASE("runtime: --delay holds the start back", "[e2e]") {
    const Root root;
    Container container;
    container.write("app.sh", "#!/bin/sh\ndate +%s%N\n");
    const auto begin = std::chrono::system_clock::now().time_since_epoch();
    container.start({"kpm-runtime", "app.sh", "--no-autorestart", "--delay", "1"});
    CHECK(container.wait() == 0);
    CHECK(std::chrono::nanoseconds(std::stoll(container.out())) >= begin + 1s);
}

TEST_CASE("runtime: the last of several apps decides", "[e2e]") {
    const Root root;
    Container container;
    container.write("first.sh", "#!/bin/sh\nexit 3\n");
    container.write("last.sh", "#!/bin/sh\nwhile [ ! -e go ]; do sleep 0.05; done\nexit 4\n");
    container.write("eco.json", R"({"apps": [{"script": "first.sh", "autorestart": false},
                                            {"script": "last.sh", "autorestart": false}]})");
    container.start({"kpm-runtime", "eco.json"});
    CHECK(eventually([&] { return has(container.err(), "App [first:0] exited with code [3]"); }));
    CHECK(container.is_running());
    container.write("go", "");
    CHECK(container.wait() == 4);
}

TEST_CASE("runtime: --no-auto-exit goes on without apps, for those that are started later", "[e2e]") {
    const Root root;
    Container container({.env = {"HOME=/tmp"}});
    container.write("app.sh", "#!/bin/sh\nexit 3\n");
    container.write("other.sh", "#!/bin/sh\necho other\nexec sleep 600\n");
    container.start({"kpm-runtime", "app.sh", "--no-autorestart", "--no-auto-exit"});
    CHECK(eventually([&] { return has(container.err(), "exited with code [3]"); }));
    const CommandResult started = container.exec({"kpm", "start", "other.sh"});
    INFO(started.out << started.err << container.err());
    CHECK(started.status == 0);
    CHECK(comes(container, "other\n"));
    container.signal(SIGTERM);
    CHECK(container.wait() == 0);
}

TEST_CASE("runtime: what cannot be started is exit code 1, and says why", "[e2e]") {
    const Root root;
    const auto refuses = [](const std::vector<std::string>& args, const std::string& reason) {
        Container container;
        container.write("good.sh", "#!/bin/sh\nexec sleep 600\n");
        container.write("broken.json", "{\"apps\": [");
        container.write("half.json", R"({"apps": [{"script": "good.sh"}, {"script": "gone.js"}]})");
        container.write("binary", "no program");
        std::vector<std::string> words{"kpm-runtime"};
        words.insert(words.end(), args.begin(), args.end());
        container.start(words);
        INFO(reason);
        CHECK(container.wait() == 1);
        INFO(container.err());
        CHECK(has(container.err(), reason));
        CHECK(container.out().empty());
    };
    refuses({"gone.js"}, "Script not found: /srv/gone.js");
    refuses({"gone.json"}, "File gone.json not found");
    refuses({"broken.json"}, "broken.json:1:");
    refuses({"half.json"}, "Script not found: /srv/gone.js");
    refuses({"good.sh", "--wtach"}, "unknown option `--wtach'");
    refuses({"good.sh", "--grace", "soon"}, "soon");
    refuses({"binary", "--interpreter", "none"}, "cannot start 'binary'");
}

TEST_CASE("runtime: without a word it says how it is used", "[e2e]") {
    const Root root;
    Container container;
    container.start({"kpm-runtime"});
    CHECK(container.wait() == 1);
    CHECK(has(container.out(), "usage: kpm-runtime"));
}

TEST_CASE("runtime: SIGTERM and SIGINT stop the apps, with time to finish", "[e2e]") {
    const Root root;
    const int signo = GENERATE(SIGTERM, SIGINT);
    Container container;
    container.write("app.sh",
                    "#!/bin/sh\n"
                    "trap 'echo draining; sleep 2; echo finished; exit 0' INT\n"
                    "echo up\nwhile :; do sleep 0.05; done\n");
    container.start({"kpm-runtime", "app.sh"});
    REQUIRE(comes(container, "up\n"));
    container.signal(signo);
    CHECK(container.wait() == 0);
    CHECK(container.out() == "up\ndraining\nfinished\n");
}

TEST_CASE("runtime: SIGTERM before the first app is up ends it as well", "[e2e]") {
    const Root root;
    Container container;
    container.write("slow.config.js",
                    "require('child_process').execSync('touch reading; sleep 8');\n"
                    "module.exports = {script: './app.sh'};\n");
    container.start({"kpm-runtime", "slow.config.js"});
    REQUIRE(eventually([&] { return container.exec({"test", "-e", "reading"}).status == 0; }));
    const auto before = std::chrono::steady_clock::now();
    container.signal(SIGTERM);
    CHECK(container.wait() == 0);
    CHECK(std::chrono::steady_clock::now() - before < 6s);
}

TEST_CASE("runtime: after the grace period all is killed", "[e2e]") {
    const Root root;
    Container container;
    container.write("app.sh", "#!/bin/sh\ntrap '' INT TERM\necho up\nwhile :; do sleep 0.1; done\n");
    container.start({"kpm-runtime", "app.sh", "--grace", "2", "--kill-timeout", "60s"});
    REQUIRE(comes(container, "up\n"));
    const auto before = std::chrono::steady_clock::now();
    container.signal(SIGTERM);
    CHECK(container.wait() == 128 + SIGKILL);
    CHECK(std::chrono::steady_clock::now() - before >= 2s);
    CHECK(has(container.err(), "not all has ended within 2 s"));
}

TEST_CASE("runtime: an app that ignores its stop is killed within the grace period, which is no failure",
          "[e2e]") {
    const Root root;
    Container container;
    container.write("app.sh", "#!/bin/sh\ntrap '' INT TERM\necho up\nwhile :; do sleep 0.1; done\n");
    container.start({"kpm-runtime", "app.sh", "--grace", "8", "--kill-timeout", "500"});
    REQUIRE(comes(container, "up\n"));
    container.signal(SIGTERM);
    CHECK(container.wait() == 0);
}

TEST_CASE("runtime: other signals go to the apps, SIGUSR2 to the log files", "[e2e]") {
    const Root root;
    Container container;
    container.write("app.sh",
                    "#!/bin/sh\ntrap 'echo hup' HUP\ntrap 'echo winch' WINCH\ntrap 'echo usr1' USR1\n"
                    "trap 'echo usr2' USR2\necho up\nwhile :; do sleep 0.05; done\n");
    container.start({"kpm-runtime", "app.sh", "--output", "/srv/out.txt"});
    REQUIRE(comes(container, "up\n"));
    for (const auto& [signo, answer] :
         {std::pair{SIGHUP, "hup\n"}, std::pair{SIGWINCH, "winch\n"}, std::pair{SIGUSR1, "usr1\n"}}) {
        container.signal(signo);
        CHECK(comes(container, answer));
    }
    CHECK(container.exec({"mv", "out.txt", "old.txt"}).status == 0);
    container.signal(SIGUSR2);
    CHECK(eventually([&] { return container.exec({"test", "-e", "out.txt"}).status == 0; }));
    CHECK_FALSE(has(container.out(), "usr2"));
    CHECK(has(container.read("old.txt"), "up\n"));
}

TEST_CASE("runtime: whatever becomes an orphan is reaped", "[e2e]") {
    const Root root;
    Container container;
    // Each turn leaves a grandchild without a parent, which ends at once.
    container.write("app.sh",
                    "#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9 10; do (sh -c 'sleep 0.1 & exit' &) ; done\n"
                    "echo up\nexec sleep 600\n");
    container.start({"kpm-runtime", "app.sh"});
    REQUIRE(comes(container, "up\n"));
    // Orphans of a second shell have nobody but the first process.
    CHECK(container.exec({"sh", "-c", "for i in 1 2 3; do (sleep 0.2 &) ; done"}).status == 0);
    const auto processes = [&] { return container.exec({"ps", "-eo", "pid,stat,args"}).out; };
    const bool none = eventually([&] {
        const std::string all = processes();
        return !has(all, "<defunct>") && !has(all, "sleep 0.");
    });
    INFO(processes());
    CHECK(none);
}

TEST_CASE("runtime: a killed daemon changes nothing, a killed keeper ends the container", "[e2e]") {
    const Root root;
    Container container({.env = {"HOME=/tmp"}});
    container.write("app.sh", "#!/bin/sh\ntrap 'exit 5' TERM\necho up\nwhile :; do sleep 0.05; done\n");
    container.start({"kpm-runtime", "app.sh", "--no-autorestart"});
    REQUIRE(comes(container, "up\n"));
    const std::string pid = container.exec({"kpm", "pid", "app"}).out;
    CHECK(container.exec({"sh", "-c", "kill -KILL $(cat /tmp/.kpm/pm2.pid)"}).status == 0);
    CHECK(eventually([&] { return container.exec({"kpm", "pid", "app"}).out == pid; }));
    SECTION("the app's code is known to the next daemon") {
        CHECK(container.exec({"kpm", "sendSignal", "SIGTERM", "app"}).status == 0);
        CHECK(container.wait() == 5);
    }
    SECTION("keeper") {
        // The container may end before this shell does: no word on its status.
        container.exec({"sh", "-c", "kill -KILL $(pidof kpm-keeper)"});
        CHECK(container.wait() == 1);
        CHECK(has(container.err(), "the keeper of the apps has ended"));
    }
}

}  // namespace kpm::runtime_test
