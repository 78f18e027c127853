#include "ipc/base/signal_name.h"

#include <catch2/catch.hpp>
#include <csignal>

using namespace kpm;

TEST_CASE("signal name: each name is its number's, with and without SIG", "[unit][base]") {
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGTERM, SIGUSR2, SIGWINCH}) {
        const std::string name = signal_name(number);
        CHECK(name.starts_with("SIG"));
        CHECK(signal_number(name) == number);
        CHECK(signal_number(name.substr(3)) == number);
    }
    CHECK(signal_name(SIGTERM) == "SIGTERM");
}

TEST_CASE("signal name: what has no name is told by its number, what is no name is none", "[unit][base]") {
    CHECK(signal_name(0) == "0");
    CHECK(signal_name(99) == "99");
    CHECK(signal_name(-1) == "-1");
    for (const char* text : {"", "SIG", "sigterm", "15", "SIGSIGTERM", "please"})
        CHECK(signal_number(text) == std::nullopt);
}
