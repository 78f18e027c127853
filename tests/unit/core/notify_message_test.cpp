#include "daemon/core/notify_message.h"

#include <catch2/catch.hpp>

using namespace kpm::core;
using namespace std::chrono_literals;
using Watchdog = Notification::Watchdog;

namespace {

Notification parsed(std::string_view text) {
    const auto notification = parse_notification(text);
    REQUIRE(notification);
    return *notification;
}

}  // namespace

TEST_CASE("notification: each key that means something is read", "[unit][notify]") {
    const Notification all = parsed(
        "READY=1\nSTATUS=warm\nSTOPPING=1\nWATCHDOG=1\nWATCHDOG_USEC=2500000\nEXTEND_TIMEOUT_USEC=1000\n");
    CHECK(all == Notification{.is_ready = true,
                              .is_stopping = true,
                              .status = "warm",
                              .watchdog = Watchdog::Ping,
                              .interval = 2500ms,
                              .more_time = 1ms});
    CHECK(parsed("WATCHDOG=trigger").watchdog == Watchdog::Trip);
    CHECK(parsed("READY=1").is_ready);  // without a line end
    CHECK(parsed(std::string_view("READY=1\0", 8)).is_ready);
}

TEST_CASE("notification: what means nothing here changes nothing", "[unit][notify]") {
    for (const char* text : {"",
                             "\n\n",
                             "=",
                             "READY",
                             "READY=",
                             "READY=0",
                             "READY=11",
                             "ready=1",
                             " READY=1",
                             "STOPPING=yes",
                             "WATCHDOG=2",
                             "WATCHDOG_USEC=",
                             "WATCHDOG_USEC=-1",
                             "WATCHDOG_USEC=1s",
                             "WATCHDOG_USEC= 1",
                             "WATCHDOG_USEC=99999999999999999999",
                             "EXTEND_TIMEOUT_USEC=x",
                             "MAINPID=1",
                             "RELOADING=1",
                             "MONOTONIC_USEC=5",
                             "BARRIER=1",
                             "FDSTORE=1",
                             "ERRNO=2",
                             "X_OWN=READY=1"}) {
        INFO(text);
        CHECK(parsed(text) == Notification{});
    }
}

TEST_CASE("notification: of a key that comes twice the first counts", "[unit][notify]") {
    const Notification twice = parsed(
        "STATUS=a\nSTATUS=b\nWATCHDOG=1\nWATCHDOG=trigger\nWATCHDOG_USEC=1000\n"
        "WATCHDOG_USEC=2000");
    CHECK(twice.status == "a");
    CHECK(twice.watchdog == Watchdog::Ping);
    CHECK(twice.interval == 1ms);
}

TEST_CASE("notification: a status is valid UTF-8 or none", "[unit][notify]") {
    CHECK(parsed("STATUS=größer = besser").status == "größer = besser");
    CHECK(parsed("STATUS=").status == "");
    CHECK_FALSE(parsed("STATUS=\xff\xfe").status);
    CHECK_FALSE(parsed("STATUS=\xed\xa0\x80").status);      // a surrogate
    CHECK(parsed("STATUS=\x1b[31m").status == "\x1b[31m");  // whoever shows it sees to that
}

TEST_CASE("notification: times are rounded up and bounded", "[unit][notify]") {
    CHECK(parsed("WATCHDOG_USEC=1").interval == 1ms);
    CHECK(parsed("WATCHDOG_USEC=1001").interval == 2ms);
    CHECK(parsed("WATCHDOG_USEC=0").interval == 0ms);
    CHECK(parsed("WATCHDOG_USEC=18446744073709551615").interval == 0ms);  // systemd's infinity: none
    CHECK(parsed("WATCHDOG_USEC=18446744073709551614").interval == 8760h);
    CHECK(parsed("EXTEND_TIMEOUT_USEC=18446744073709551615").more_time == 8760h);
}

TEST_CASE("notification: one that is too long or has a NUL byte in it is refused", "[unit][notify]") {
    const std::string ready = "READY=1\nSTATUS=";
    CHECK(parsed(ready + std::string(kMaxNotification - ready.size(), 'x')).is_ready);
    CHECK_FALSE(parse_notification(ready + std::string(kMaxNotification - ready.size() + 1, 'x')));
    CHECK_FALSE(parse_notification(std::string_view("READY=1\0STATUS=x", 16)));
    CHECK_FALSE(parse_notification(std::string_view("READY=1\0\0", 9)));
}
