// What a child of the keeper is born with, and how a start that fails is told.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "daemon/io/user_lookup.h"
#include "ipc/base/fd_passing.h"
#include "ipc/base/text.h"
#include "tests/integration/keeper/keeper_fixture.h"

using namespace kpm;
using namespace kpm::test;
using keeper::Kind;
using keeper::SpawnStage;

namespace {

struct Pipe {
    Pipe() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        read_end.reset(ends[0]);
        write_end.reset(ends[1]);
    }
    std::string read_all() {
        write_end.reset();
        std::string text;
        char buffer[4096];
        for (ssize_t size; (size = ::read(read_end.get(), buffer, sizeof buffer)) > 0;)
            text.append(buffer, static_cast<std::size_t>(size));
        return text;
    }
    UniqueFd read_end;
    UniqueFd write_end;
};

// stdout of a child that ends by itself, with its exit collected.
std::string output_of(FakeKpmd& kpmd, std::uint64_t token, io::SpawnRequest request) {
    Pipe out;
    request.fds.push_back({out.write_end.get(), 1});
    REQUIRE(kpmd.spawn(token, request).message.kind == Kind::Spawned);
    const std::string text = out.read_all();
    kpmd.wait_exit(token);
    kpmd.send({Kind::Collected, 0, token, 0, 0});
    return text;
}

void check_failure(const Reply& reply, SpawnStage stage, int error_number) {
    CHECK(reply.message.kind == Kind::SpawnFailed);
    CHECK(static_cast<SpawnStage>(reply.message.a) == stage);
    CHECK(reply.message.b == error_number);
}

// A memfd that may be no spec at all.
UniqueFd memfd_of(std::string_view bytes, bool seal = true) {
    UniqueFd memfd(::memfd_create("spec", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    REQUIRE(::write(memfd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    if (seal) REQUIRE(::fcntl(memfd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0);
    return memfd;
}

std::string spec_bytes(const keeper::SpawnSpec& spec, std::string_view rest) {
    std::string bytes(reinterpret_cast<const char*>(&spec), sizeof spec);
    bytes += rest;
    return bytes;
}

Reply spawn_raw(FakeKpmd& kpmd, const std::vector<int>& fds, std::int64_t slots = 0) {
    kpmd.send({Kind::Spawn, 0, 77, slots, 0}, fds);
    return kpmd.receive();
}

// With the spec behind the message.
Reply spawn_inline(FakeKpmd& kpmd, std::string_view spec) {
    const keeper::Message message{Kind::Spawn, 0, 77, 0, 0};
    std::string packet(reinterpret_cast<const char*>(&message), sizeof message);
    packet += spec;
    REQUIRE(send_with_fds(kpmd.link(), std::as_bytes(std::span(packet))));
    return kpmd.receive();
}

}  // namespace

TEST_CASE("keeper: a child's exit code and its fatal signal are told", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    const Reply spawned = kpmd.spawn(1, shell("exit 7"));
    REQUIRE(spawned.message.kind == Kind::Spawned);
    CHECK(spawned.fds.size() == 1);
    const io::KeeperExit exit = kpmd.wait_exit(1);
    CHECK(exit.pid == spawned.message.pid);
    CHECK(exit.exit_code == 7);
    CHECK(exit.signal == 0);

    kpmd.spawn(2, shell("kill -USR1 $$"));
    const io::KeeperExit killed = kpmd.wait_exit(2);
    CHECK(killed.exit_code == -1);
    CHECK(killed.signal == SIGUSR1);
}

TEST_CASE("keeper: argv, environment, directory and umask are exactly those asked for",
          "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    io::SpawnRequest request = shell("printf '%s|' \"$0\" \"$@\"; pwd; umask; /usr/bin/env");
    request.argv.insert(request.argv.end(), {"zero", "", "two words"});
    request.env = {"B=2", "A=x=y", "EMPTY="};
    request.cwd = keeper.home().path();
    request.umask = 027;
    const std::string output = output_of(kpmd, 1, request);
    CHECK(output.starts_with(fmt::format("zero||two words|{}\n0027\n", keeper.home().path())));
    CHECK(output.find("A=x=y\n") != std::string::npos);
    CHECK(output.find("B=2\n") != std::string::npos);
    CHECK(output.find("EMPTY=\n") != std::string::npos);
    CHECK(output.find("KPM_") == std::string::npos);
}

TEST_CASE("keeper: a child has the descriptors that were named, also crossed ones, and no others",
          "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    Pipe out;
    const UniqueFd three = memfd_of("three");
    const UniqueFd four = memfd_of("four");
    io::SpawnRequest request;
    request.path = "/bin/ls";
    request.argv = {"ls", "-l", "/proc/self/fd"};
    // Targets that are the keeper's own numbers for the other descriptors of the packet.
    for (int target = 30; target > 18; --target) request.fds.push_back({four.get(), target});
    request.fds.push_back({three.get(), 4});
    request.fds.push_back({out.write_end.get(), 1});
    REQUIRE(kpmd.spawn(1, request).message.kind == Kind::Spawned);
    const std::string listing = out.read_all();
    kpmd.wait_exit(1);
    INFO(listing);
    std::vector<std::string> numbers;
    for (const auto line : split(listing, '\n'))
        if (const auto arrow = line.find(" -> "); arrow != line.npos)
            if (line.find("/proc/") == line.npos) {
                const auto space = line.rfind(' ', arrow - 1);
                numbers.emplace_back(line.substr(space + 1, arrow - space - 1));
            }
    std::ranges::sort(numbers);
    CHECK(numbers == std::vector<std::string>{"1", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28",
                                              "29", "30", "4"});
}

TEST_CASE("keeper: descriptors that trade places reach their targets", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    Pipe out;
    std::vector<UniqueFd> files;
    io::SpawnRequest request = shell("for n in 3 4 5 6 7 8 9; do cat <&$n; done");
    for (int target = 9; target >= 3; --target) {
        files.push_back(memfd_of(fmt::format("{};", target)));
        ::lseek(files.back().get(), 0, SEEK_SET);
        request.fds.push_back({files.back().get(), target});
    }
    request.fds.push_back({out.write_end.get(), 1});
    REQUIRE(kpmd.spawn(1, request).message.kind == Kind::Spawned);
    CHECK(out.read_all() == "3;4;5;6;7;8;9;");
    kpmd.wait_exit(1);
}

TEST_CASE("keeper: a child leads a session, blocks no signal and ignores none", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    const std::string output = output_of(
        kpmd, 1,
        shell("echo $$; cut -d' ' -f5,6 /proc/$$/stat; exec /bin/grep -E 'Sig(Blk|Ign)' /proc/self/status"));
    const auto lines = split(output, '\n');
    REQUIRE(lines.size() >= 4);
    CHECK(lines[1] == fmt::format("{} {}", lines[0], lines[0]));
    CHECK(lines[2] == "SigBlk:\t0000000000000000");
    CHECK(lines[3] == "SigIgn:\t0000000000000000");
}

TEST_CASE("keeper: limits are as asked, the limit of descriptors else as the keeper found it",
          "[integration][keeper]") {
    rlimit own{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &own) == 0);
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    CHECK(output_of(kpmd, 1, shell("ulimit -Sn")) == fmt::format("{}\n", own.rlim_cur));
    io::SpawnRequest request = shell("ulimit -Sn; ulimit -Hn; ulimit -Sc");
    request.limits = {{RLIMIT_NOFILE, 100, 200}, {RLIMIT_CORE, 0, 0}};
    CHECK(output_of(kpmd, 2, request) == "100\n200\n0\n");
}

TEST_CASE("keeper: user, group and supplementary groups are those asked for", "[integration][keeper]") {
    if (::geteuid() != 0) {
        WARN("changing users needs root");
        return;
    }
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    io::SpawnRequest request = shell("/usr/bin/id -u; /usr/bin/id -g; /usr/bin/id -G");
    request.uid = 12345;
    request.gid = 12346;
    request.groups = {12346, 12347};
    CHECK(output_of(kpmd, 1, request) == "12345\n12346\n12346 12347\n");
}

TEST_CASE("keeper: a child that asks for its pid in the environment finds it there",
          "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    io::SpawnRequest request = shell("echo $$ $WATCHDOG_PID $LISTEN_PID; env | grep -c WATCHDOG_PID");
    request.env = {"A=1", "WATCHDOG_PID=", "PATH=/usr/bin:/bin", "LISTEN_PID="};
    const std::string text = output_of(kpmd, 1, request);
    const std::string pids = text.substr(0, text.find('\n'));
    const auto words = split(pids, ' ');
    REQUIRE(words.size() == 3);
    CHECK(words[0] == words[1]);
    CHECK(words[0] == words[2]);
    CHECK(text.ends_with("\n1\n"));
    // One that has a value is the caller's.
    request.env[1] = "WATCHDOG_PID=7";
    CHECK(output_of(kpmd, 2, request).find(" 7 ") != std::string::npos);
    // Only a whole variable, and only there.
    request.env[1] = "X_WATCHDOG_PID=";
    request.argv = {"sh", "-c", "echo \"<$X_WATCHDOG_PID>$0\"", "WATCHDOG_PID="};
    CHECK(output_of(kpmd, 3, request) == "<>WATCHDOG_PID=\n");
}

TEST_CASE("keeper: a start that fails names its stage and reason", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    io::SpawnRequest request = shell("exit 0");

    SECTION("nothing to execute") {
        request.path = "/nonexistent/program";
        check_failure(kpmd.spawn(1, request), SpawnStage::Exec, ENOENT);
    }
    SECTION("not a program") {
        request.path = keeper.home().path();
        check_failure(kpmd.spawn(1, request), SpawnStage::Exec, EACCES);
    }
    SECTION("no such directory") {
        request.cwd = "/nonexistent";
        check_failure(kpmd.spawn(1, request), SpawnStage::Directory, ENOENT);
    }
    SECTION("a directory that the new user may not enter") {
        if (::geteuid() != 0) return;
        request.uid = 12345;
        request.gid = 12345;
        request.cwd = keeper.home().path();  // mode 0700
        check_failure(kpmd.spawn(1, request), SpawnStage::Directory, EACCES);
    }
    SECTION("a soft limit above the hard one") {
        request.limits = {{RLIMIT_CORE, 2, 1}};
        check_failure(kpmd.spawn(1, request), SpawnStage::Limits, EINVAL);
    }
    SECTION("a user change that is not permitted") {
        // Without root in the keeper no change is; with it, an outer limit must forbid it.
        if (::geteuid() == 0) return;
        request.uid = ::geteuid() + 1;
        check_failure(kpmd.spawn(1, request), SpawnStage::Groups, EPERM);
    }
    SECTION("a token that is taken") {
        kpmd.spawn(1, shell("exec sleep 1000"));
        check_failure(kpmd.spawn(1, request), SpawnStage::Request, EEXIST);
    }
    // The keeper is none the worse for it, and the failed child is no zombie of a later exit.
    REQUIRE(kpmd.spawn(2, shell("exit 3")).message.kind == Kind::Spawned);
    CHECK(kpmd.wait_exit(2).exit_code == 3);
}

// They are under way side by side, in one memory.
TEST_CASE("keeper: of many requests at once each has its own answer, in their order",
          "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    constexpr std::uint64_t kRequests = 60;
    // The fourth of four asks for the first one's.
    const auto token_of = [](std::uint64_t i) { return i % 4 == 3 ? i - 2 : i + 1; };
    // So that it finds them all at once.
    REQUIRE(::kill(keeper.pid(), SIGSTOP) == 0);
    const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    for (std::uint64_t i = 0; i < kRequests; ++i) {
        io::SpawnRequest request = shell(fmt::format("exit {}", i));
        request.fds = {{null.get(), 1}, {null.get(), 2}};
        if (i % 4 == 1) request.path = "/nonexistent/program";
        if (i % 4 == 2) request.cwd = "/proc/self/mem";
        const UniqueFd spec = memfd_of(request);
        kpmd.send({Kind::Spawn, 0, token_of(i), 0, 0}, {spec.get(), null.get(), null.get()});
    }
    REQUIRE(::kill(keeper.pid(), SIGCONT) == 0);
    std::vector<Reply> answers;
    std::map<std::uint64_t, std::int64_t> exits;
    while (answers.size() < kRequests || exits.size() < kRequests / 4) {
        Reply reply = kpmd.receive();
        if (reply.message.kind == Kind::Exited)
            exits[reply.message.token] = reply.message.a;
        else
            answers.push_back(std::move(reply));
    }
    for (std::uint64_t i = 0; i < kRequests; ++i) {
        CAPTURE(i);
        const Reply& answer = answers[i];
        if (i % 4 == 0) {
            CHECK(answer.message.kind == Kind::Spawned);
            CHECK(answer.fds.size() == 1);
            CHECK(exits.at(i + 1) == static_cast<std::int64_t>(i));
        }
        CHECK(answer.message.token == token_of(i));
        if (i % 4 == 1) check_failure(answer, SpawnStage::Exec, ENOENT);
        if (i % 4 == 2) check_failure(answer, SpawnStage::Directory, ENOTDIR);
        if (i % 4 == 3) check_failure(answer, SpawnStage::Request, EEXIST);
    }
}

TEST_CASE("keeper: descriptors of a message that it ignores, or of a start that failed, are closed",
          "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    Pipe pipe;
    SECTION("ignored") {
        kpmd.send({Kind::Collected, 0, 1, 0, 0}, {pipe.write_end.get()});
    }
    SECTION("failed") {
        io::SpawnRequest request = shell("exit 0");
        request.path = "/nonexistent/program";
        request.fds = {{pipe.write_end.get(), 1}};
        check_failure(kpmd.spawn(1, request), SpawnStage::Exec, ENOENT);
    }
    CHECK(pipe.read_all().empty());  // to its end: nobody has the other one
}

TEST_CASE("keeper: a malformed request is refused and hurts nobody", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    using namespace std::string_view_literals;
    keeper::SpawnSpec good;
    good.argc = 1;
    good.text_size = 13;
    constexpr auto kText = "/bin/true\0\0t\0"sv;
    static_assert(kText.size() == 13);
    const auto refused = [&](const keeper::SpawnSpec& spec, std::string_view text,
                             int error_number = EINVAL) {
        const UniqueFd memfd = memfd_of(spec_bytes(spec, text));
        check_failure(spawn_raw(kpmd, {memfd.get()}), SpawnStage::Request, error_number);
        if (const std::string bytes = spec_bytes(spec, text); bytes.size() <= keeper::kMaxInlineSpec)
            check_failure(spawn_inline(kpmd, bytes), SpawnStage::Request, error_number);
    };

    check_failure(spawn_raw(kpmd, {}), SpawnStage::Request, EINVAL);
    {
        const UniqueFd unsealed = memfd_of(spec_bytes(good, kText), false);
        check_failure(spawn_raw(kpmd, {unsealed.get()}), SpawnStage::Request, EINVAL);
        const Pipe pipe;
        check_failure(spawn_raw(kpmd, {pipe.read_end.get()}), SpawnStage::Request, EINVAL);
        const UniqueFd empty = memfd_of("");
        check_failure(spawn_raw(kpmd, {empty.get()}), SpawnStage::Request, EINVAL);
        const UniqueFd sealed = memfd_of(spec_bytes(good, kText));
        check_failure(spawn_raw(kpmd, {sealed.get(), pipe.read_end.get()}), SpawnStage::Request, EINVAL);
        // Fewer descriptors than slots, and a slot too high.
        check_failure(spawn_raw(kpmd, {sealed.get()}, 2), SpawnStage::Request, EINVAL);
        check_failure(spawn_raw(kpmd, {sealed.get(), pipe.read_end.get()}, 6), SpawnStage::Request, EINVAL);
        const std::int64_t high = std::int64_t{1} << keeper::kMaxSpawnSlots;
        check_failure(spawn_raw(kpmd, {sealed.get(), pipe.read_end.get()}, high), SpawnStage::Request,
                      EINVAL);
        check_failure(spawn_inline(kpmd, "x"), SpawnStage::Request, EINVAL);
    }
    refused({}, "");
    refused(good, kText.substr(1));       // a byte is missing
    refused(good, "/bin/true\0\0t."sv);   // no NUL at the end
    refused(good, "/bin/truett\0\0"sv);   // a string too few … that is, an empty argv[0] is fine:
    refused(good, "bin/true\0\0tt\0"sv);  // not absolute
    refused(good, "/bin/true\0x\0\0"sv);  // cwd not absolute
    auto with = [&](auto change) {
        keeper::SpawnSpec spec = good;
        change(spec);
        return spec;
    };
    refused(with([](auto& s) { s.magic = 1; }), kText);
    refused(with([](auto& s) { s.argc = 0; }), kText);
    refused(with([](auto& s) { s.argc = 0xffffffff; }), kText);
    refused(with([](auto& s) { s.envc = 0xffffffff; }), kText);
    refused(with([](auto& s) { s.envc = 1; }), kText);
    refused(with([](auto& s) { s.text_size = 0xffffffff; }), kText);
    refused(with([](auto& s) { s.group_count = 0xffffffff; }), kText);
    refused(with([](auto& s) { s.limit_count = 0xffffffff; }), kText);
    refused(with([](auto& s) { s.fd_count = 1; }), "\1\0\0\0/bin/true\0\0t\0"sv);
    refused(good, std::string(5 << 20, 'x'), E2BIG);
    {
        keeper::SpawnSpec spec = good;
        spec.limit_count = 1;
        const keeper::SpawnLimit limit{999, 0, 0};
        std::string rest(reinterpret_cast<const char*>(&limit), sizeof limit);
        refused(spec, rest + std::string(kText));
    }
    for (const std::int32_t target : {-1, 1024, 1 << 30}) {
        io::SpawnRequest request = shell("exit 0");
        request.fds = {{STDERR_FILENO, target}};
        check_failure(kpmd.spawn(1, request), SpawnStage::Request, EINVAL);
    }
    {
        io::SpawnRequest request = shell("exit 0");
        request.fds = {{STDERR_FILENO, 5}, {STDERR_FILENO, 5}};
        check_failure(kpmd.spawn(1, request), SpawnStage::Request, EINVAL);
    }

    kpmd.send({static_cast<Kind>(999), 0, 1, 0, 0});
    kpmd.send({Kind::Collected, 0, 4711, 0, 0});
    kpmd.send({Kind::Store, 0, 1, 1, 0});  // its descriptor is missing
    kpmd.send({Kind::SetState, 0, 1, 1, 0});
    kpmd.send({Kind::Quit, 0, 0, 0, 0}, {STDERR_FILENO});  // a descriptor too many: not taken for a Quit
    REQUIRE(::send(kpmd.link(), "short", 5, 0) == 5);
    REQUIRE(::send(kpmd.link(), std::string(100, 'x').data(), 100, 0) == 100);
    const UniqueFd spec = memfd_of(spec_bytes(good, kText));
    CHECK(spawn_raw(kpmd, {spec.get()}).message.kind == Kind::Spawned);
    CHECK(kpmd.wait_exit(77).exit_code == 0);
    kpmd.send({Kind::Collected, 0, 77, 0, 0});
    CHECK(spawn_inline(kpmd, spec_bytes(good, kText)).message.kind == Kind::Spawned);
    CHECK(kpmd.wait_exit(77).exit_code == 0);
}

TEST_CASE("spawn request: what cannot be expressed is refused before it is sent", "[integration][keeper]") {
    io::SpawnRequest request = shell("exit 0");
    REQUIRE(io::encode_spawn(request));
    request.path = "sh";
    CHECK_FALSE(io::encode_spawn(request));
    request = shell(std::string("a\0b", 3));
    CHECK_FALSE(io::encode_spawn(request));
    request = shell(std::string(5 << 20, 'x'));
    CHECK_FALSE(io::encode_spawn(request));
    request = shell("exit 0");
    request.fds.resize(17);
    CHECK_FALSE(io::encode_spawn(request));
    CHECK(io::spawn_error(SpawnStage::Exec, ENOENT, "/opt/app", "/").message ==
          "cannot execute '/opt/app': No such file or directory");
}

TEST_CASE("user lookup: names and numbers become numbers", "[integration][keeper]") {
    const auto root = io::look_up_user("root");
    REQUIRE(root);
    CHECK(root->uid == 0);
    CHECK(root->home == "/root");
    CHECK(std::ranges::find(root->groups, gid_t{0}) != root->groups.end());
    const auto by_number = io::look_up_user("0", "1");
    REQUIRE(by_number);
    CHECK(by_number->name == "root");
    CHECK(by_number->gid == 1);
    CHECK(io::look_up_user("no-such-user-here").error().message ==
          "cannot find user 'no-such-user-here': no such user");
    CHECK_FALSE(io::look_up_user("54321"));
    const auto stranger = io::look_up_user("54321", "54322");
    REQUIRE(stranger);
    CHECK(stranger->groups == std::vector<gid_t>{54322});
    CHECK_FALSE(io::look_up_group("no-such-group-here"));
    CHECK_FALSE(io::look_up_user("4294967295", "1"));
}
