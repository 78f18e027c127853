#include "daemon/core/node_sockets.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::core;
using node::ListenQuery;

namespace {

constexpr std::uint64_t kFirst = 11, kSecond = 12, kThird = 13;

struct Table : NodeSockets {
    Table() {
        add_worker(kFirst);
        add_worker(kSecond);
    }
    // The worker listens on the port; -> the socket's key.
    std::string listen(std::uint64_t worker, int port, int index = 0) {
        const auto found = ask(worker, {.port = port, .index = index});
        REQUIRE(std::holds_alternative<Socket*>(found));
        std::string key = std::get<Socket*>(found)->key;
        join(worker, key, ++question_);
        return key;
    }
    std::uint64_t question_ = 0;
};

}  // namespace

TEST_CASE("node sockets: workers that ask for the same address share a socket", "[unit][plane]") {
    Table table;
    const std::string key = table.listen(kFirst, 3000);
    CHECK(table.listen(kSecond, 3000) == key);
    CHECK(table.listen(kFirst, 4000) != key);
    CHECK(table.keys_of(kSecond) == std::vector{key});
    CHECK(table.listen(kFirst, 0, 0) == table.listen(kSecond, 0, 0));
    CHECK(table.listen(kFirst, 0, 1) != table.listen(kSecond, 0, 2));
}

TEST_CASE("node sockets: a second server of one worker on the same address is refused", "[unit][plane]") {
    Table table;
    table.listen(kFirst, 3000);
    const auto again = table.ask(kFirst, {.port = 3000});
    REQUIRE(std::holds_alternative<NodeSockets::Refusal>(again));
    CHECK(std::get<NodeSockets::Refusal>(again) == NodeSockets::Refusal::InUse);
    CHECK(std::holds_alternative<NodeSockets::Refusal>(table.ask(kFirst, {.port = -1, .fd = 3})));
}

TEST_CASE("node sockets: an app has no more than so many, and may have another when one is closed",
          "[unit][plane]") {
    Table table;
    const std::string first = table.listen(kFirst, 1);
    for (std::size_t i = 1; i < NodeSockets::kMaxSockets; ++i) table.listen(kFirst, static_cast<int>(i) + 1);
    const auto more = table.ask(kFirst, {.port = 60'000});
    REQUIRE(std::holds_alternative<NodeSockets::Refusal>(more));
    CHECK(std::get<NodeSockets::Refusal>(more) == NodeSockets::Refusal::TooMany);
    CHECK(table.listen(kSecond, 1) == first);
    table.remove_worker(kSecond);
    CHECK(table.leave(kFirst, first));
    CHECK(std::holds_alternative<NodeSockets::Socket*>(table.ask(kFirst, {.port = 60'000})));
}

TEST_CASE("node sockets: the first data that is not null goes to all", "[unit][plane]") {
    Table table;
    const Json keys{{"ticketKeys", "ab"}};
    (void)table.ask(kFirst, {.port = 443, .data = nullptr});
    (void)table.ask(kSecond, {.port = 443, .data = keys});
    const auto third = table.ask(kFirst, {.port = 443, .data = {{"ticketKeys", "cd"}}});
    CHECK(std::get<NodeSockets::Socket*>(third)->query.data == keys);
}

TEST_CASE("node sockets: data is for ticket keys, not for more", "[unit][plane]") {
    Table table;
    const auto refused = table.ask(kFirst, {.port = 443, .data = std::string(NodeSockets::kMaxData, 'x')});
    REQUIRE(std::holds_alternative<NodeSockets::Refusal>(refused));
    CHECK(std::get<NodeSockets::Refusal>(refused) == NodeSockets::Refusal::TooMuchData);
    CHECK(table.is_empty());
}

TEST_CASE("node sockets: the app's last close closes, that of a worker being replaced does not",
          "[unit][plane]") {
    Table table;
    const std::string key = table.listen(kFirst, 3000);
    table.listen(kSecond, 3000);
    CHECK_FALSE(table.leave(kFirst, key));
    CHECK(table.leave(kSecond, key));
    CHECK(table.find(key) == nullptr);

    const std::string other = table.listen(kFirst, 3000);
    CHECK(other != key);
    table.set_leaving(kFirst);
    CHECK_FALSE(table.leave(kFirst, other));
    CHECK(table.find(other) != nullptr);
}

TEST_CASE("node sockets: a socket outlives its workers until all that are there listen elsewhere",
          "[unit][plane]") {
    Table table;
    const std::string old = table.listen(kFirst, 3000);
    table.listen(kSecond, 3000);
    table.remove_worker(kFirst);
    table.remove_worker(kSecond);
    CHECK(table.take_abandoned().empty());  // nobody is there
    table.add_worker(kThird);
    CHECK(table.take_abandoned().empty());  // it may still ask
    SECTION("it asks for it") {
        CHECK(table.listen(kThird, 3000) == old);
        CHECK(table.take_abandoned().empty());
    }
    SECTION("it listens elsewhere") {
        table.listen(kThird, 4000);
        CHECK(table.take_abandoned() == std::vector{old});
        CHECK(table.find(old) == nullptr);
    }
}

TEST_CASE("node sockets: the next daemon finds the table as it was", "[unit][plane]") {
    Table table;
    const std::string key = table.listen(kFirst, 3000);
    table.listen(kSecond, 3000);
    table.set_leaving(kSecond);
    NodeSockets restored = NodeSockets::from_state(table.state());
    CHECK(restored.state() == table.state());
    CHECK(restored.is_leaving(kSecond));
    CHECK(restored.keys_of(kFirst) == std::vector{key});
    restored.add_worker(kThird);
    const auto shared = restored.ask(kThird, {.port = 3000});
    CHECK(std::get<NodeSockets::Socket*>(shared)->key == key);
    const auto fresh = restored.ask(kThird, {.port = 5000});
    CHECK(std::get<NodeSockets::Socket*>(fresh)->key != key);
}

TEST_CASE("node sockets: an answer counts as lost until the worker says that it listens", "[unit][plane]") {
    Table table;
    const std::string first = table.listen(kFirst, 3000), other = table.listen(kFirst, 4000);
    table.listen(kSecond, 3000);
    NodeSockets restored = NodeSockets::from_state(table.state());
    CHECK(restored.unheard_of(kFirst) == std::map<std::string, std::uint64_t>{{first, 1}, {other, 2}});
    CHECK(restored.hear_listening(kFirst));
    CHECK_FALSE(restored.hear_listening(kFirst));
    CHECK(restored.unheard_of(kFirst).empty());
    CHECK(restored.unheard_of(kSecond).size() == 1);
    restored.leave(kSecond, first);
    CHECK(restored.unheard_of(kSecond).empty());
}
