// The declared sockets of an app while its addresses change and daemons come and go, with a test in the
// keeper's place.
#include "daemon/io/listener_pools.h"

#include <catch2/catch.hpp>

#include "daemon/keeper/keeper_protocol.h"
#include "tests/integration/data_plane/plane_fixture.h"
#include "tests/support/free_port.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;
using Kind = core::PoolSpec::Kind;

namespace {

std::string at(std::uint16_t port) {
    return "127.0.0.1:" + std::to_string(port);
}

std::uint16_t port_of(int socket) {
    return bound_address(socket).value().port;
}

std::uint16_t free_port() {
    return static_cast<std::uint16_t>(test::free_port());
}

bool answers(std::uint16_t port) {
    const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

core::PoolSpec spec(std::vector<std::string> listen, Kind kind = Kind::Activation) {
    core::PoolSpec made;
    made.name = "web";
    made.kind = kind;
    made.listen = std::move(listen);
    return made;
}

// What outlives a daemon.
struct Keeper {
    std::map<std::string, std::string> state;
    std::map<std::pair<std::uint64_t, std::int64_t>, UniqueFd> stored;

    std::vector<KeptFd> copies() const {
        std::vector<KeptFd> kept;
        for (const auto& [place, fd] : stored)
            kept.push_back({place.first, place.second, UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3))});
        return kept;
    }
    void read(int socket) {
        keeper::Message message;
        while (true) {
            auto received = receive_with_fds(socket, std::as_writable_bytes(std::span(&message, 1)));
            if (!received || received->size != sizeof message) return;
            if (message.kind == keeper::Kind::Store)
                stored[{message.token, message.a}] = std::move(received->fds.at(0));
            if (message.kind == keeper::Kind::DropOwner)
                std::erase_if(stored, [&](const auto& one) { return one.first.first == message.token; });
        }
    }
};

// One daemon's part.
class Daemon {
public:
    explicit Daemon(Keeper& keeper) : keeper_(keeper), channel_(make_channel()) {
        auto opened = KeeperLink::open(loop_, std::move(channel_.kpmd), {});
        link_ = std::move(opened).value();
        pools_.emplace(*link_, plane_,
                       [this](const std::string& key, const std::optional<std::string>& value) {
                           if (value)
                               keeper_.state[key] = *value;
                           else
                               keeper_.state.erase(key);
                       });
        auto kept = keeper_.copies();
        pools_->restore(keeper_.state, kept);
    }
    ~Daemon() { settle(); }

    ListenerPools& pools() { return *pools_; }
    // What has been said to the keeper so far has been heard.
    void settle() { keeper_.read(channel_.worker.get()); }

private:
    Keeper& keeper_;
    Loop loop_;
    ChannelPair channel_;
    DataPlane plane_{[](PlaneEvent) {}};
    std::unique_ptr<KeeperLink> link_;
    std::optional<ListenerPools> pools_;
};

}  // namespace

TEST_CASE("listener pools: with other addresses the common ones keep their socket and who waits there",
          "[integration][data_plane]") {
    Keeper keeper;
    Daemon daemon(keeper);
    const std::uint16_t common = free_port(), before = free_port(), after = free_port();
    REQUIRE(daemon.pools().open(spec({at(before), at(common)})));
    const UniqueFd old(::dup(daemon.pools().sockets("web").at(1)));
    REQUIRE(answers(common));
    REQUIRE(daemon.pools().open(spec({at(common), at(after)})));
    const auto sockets = daemon.pools().sockets("web");
    REQUIRE(sockets.size() == 2);
    // The client from before the change is in the backlog still.
    CHECK(UniqueFd(::accept(sockets[0], nullptr, nullptr)));
    CHECK(answers(after));
    CHECK_FALSE(answers(before));
    daemon.settle();
    CHECK(keeper.stored.size() == 2);
}

TEST_CASE("listener pools: an address that cannot be had leaves all as it was", "[integration][data_plane]") {
    Keeper keeper;
    Daemon daemon(keeper);
    const TempDir folder;
    const std::string path = folder.path() / "new.sock";
    const std::uint16_t port = free_port();
    REQUIRE(daemon.pools().open(spec({at(port)})));
    const auto taken =
        open_listener({.kind = core::ListenAddress::Kind::Ipv4, .host = "127.0.0.1", .path = {}});
    const auto refused = daemon.pools().open(spec({"unix:" + path, at(port), at(port_of(taken->get()))}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("Address already in use") != std::string::npos);
    CHECK(answers(port));
    CHECK(daemon.pools().sockets("web").size() == 1);
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("listener pools: a new address may stand in the way of what it replaces",
          "[integration][data_plane]") {
    Keeper keeper;
    Daemon daemon(keeper);
    const std::uint16_t port = free_port();
    const Kind kind = GENERATE(Kind::Activation, Kind::Channel);
    REQUIRE(daemon.pools().open(spec({"0.0.0.0:" + std::to_string(port)}, kind)));
    REQUIRE(daemon.pools().open(spec({at(port)}, kind)));
    CHECK(answers(port));
    daemon.pools().close("web");
    CHECK_FALSE(answers(port));
    // Closed means free at once, whoever has copies still.
    CHECK(daemon.pools().open(spec({at(port)}, kind)));
}

TEST_CASE("listener pools: the next daemon has the same sockets", "[integration][data_plane]") {
    Keeper keeper;
    const std::uint16_t port = free_port();
    REQUIRE(Daemon(keeper).pools().open(spec({at(port)})));
    REQUIRE(answers(port));
    Daemon next(keeper);
    const auto sockets = next.pools().sockets("web");
    REQUIRE(sockets.size() == 1);
    CHECK(UniqueFd(::accept(sockets[0], nullptr, nullptr)));
}

TEST_CASE("listener pools: a daemon that dies amid a change leaves what the next one can use",
          "[integration][data_plane]") {
    Keeper keeper;
    const std::uint16_t common = free_port(), after = free_port();
    REQUIRE(Daemon(keeper).pools().open(spec({at(common)})));
    REQUIRE(answers(common));
    Keeper killed{keeper.state, {}};
    for (auto& one : keeper.copies()) killed.stored[{one.owner, one.slot}] = std::move(one.fd);
    REQUIRE(Daemon(keeper).pools().open(spec({at(common), at(after)})));
    // It had recorded what it was about to do, and the keeper got none of the sockets.
    Json record = Json::parse(keeper.state.at("pool/web"));
    const Json was = Json::parse(killed.state.at("pool/web"));
    record["before"] = {{"owner", was["owner"]}, {"listen", was["listen"]}};
    killed.state["pool/web"] = record.dump();
    keeper = std::move(killed);
    REQUIRE(keeper.stored.size() == 1);
    Daemon next(keeper);
    const auto sockets = next.pools().sockets("web");
    REQUIRE(sockets.size() == 2);
    CHECK(UniqueFd(::accept(sockets[0], nullptr, nullptr)));  // the client from before
    CHECK(port_of(sockets[0]) == common);
    CHECK(answers(after));
    next.settle();
    CHECK(keeper.stored.size() == 2);
}
