// Apps as another user: what the kernel says of the process, and what it finds in its environment. Users and
// groups are Debian's own; the tests need root, as the attribute does.
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "ipc/base/text.h"
#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/process_table.h"
#include "tests/support/programs_for_all.h"

namespace kpm::users_test {
using namespace test;
namespace fs = std::filesystem;

namespace {

// The numbers behind a field of /proc/PID/status, sorted.
std::vector<unsigned> numbers_of(const KpmHome& kpm, int pid, const std::string& field) {
    std::vector<unsigned> numbers;
    const std::string text = kpm.read(fs::path("/proc") / std::to_string(pid) / "status");
    for (const std::string_view line : split(text, '\n')) {
        if (!line.starts_with(field + ":")) continue;
        std::istringstream words{std::string(line.substr(field.size() + 1))};
        for (unsigned number = 0; words >> number;) numbers.push_back(number);
    }
    std::ranges::sort(numbers);
    return numbers;
}

passwd user(const char* name) {
    const passwd* entry = ::getpwnam(name);
    REQUIRE(entry);
    return *entry;
}

gid_t gid_of(const char* name) {
    const ::group* entry = ::getgrnam(name);
    REQUIRE(entry);
    return entry->gr_gid;
}

using Numbers = std::vector<unsigned>;

// A home whose apps other users can reach.
struct Shared {
    KpmHome kpm{std::map<std::string, std::string>{{"USER", "root"}, {"HOME", "/root"}}};

    Shared() {
        REQUIRE(::getuid() == 0);  // without root nothing of this can be tested
        fs::permissions(kpm.work().parent_path(), fs::perms{0755});
        kpm.write("app.sh", "exec sleep 600\n");
    }

    int start(const std::string& name, std::vector<std::string> options) const {
        options.insert(options.begin(), {"start", "app.sh", "--name", name});
        const CommandResult started = kpm.kpm(options);
        INFO(started.out << started.err << kpm.daemon_log());
        REQUIRE(started.status == 0);
        return kpm.find(name)["pid"];
    }
};

}  // namespace

TEST_CASE("users: an app runs as the user, with the user's group, groups and HOME", "[e2e]") {
    const Shared shared;
    const KpmHome& kpm = shared.kpm;
    for (const char* name : {"nobody", "daemon", "www-data"}) {
        INFO(name);
        const passwd entry = user(name);
        const std::string home = entry.pw_dir;
        const unsigned uid = entry.pw_uid, gid = entry.pw_gid;
        const int pid = shared.start(name, {"--uid", name});
        CHECK(numbers_of(kpm, pid, "Uid") == Numbers(4, uid));
        CHECK(numbers_of(kpm, pid, "Gid") == Numbers(4, gid));
        // Debian puts them into no other group. root's own, which the daemon has, must be gone.
        CHECK(numbers_of(kpm, pid, "Groups") == Numbers{gid});
        CHECK(variable_of(pid, "HOME") == home);
        CHECK(variable_of(pid, "USER") == "root");  // of the shell, as in PM2
        CHECK(kpm.kpm({"restart", name}).status == 0);
        CHECK(numbers_of(kpm, kpm.find(name)["pid"], "Uid") == Numbers(4, uid));
    }
}

TEST_CASE("users: by number, with another group, and a group alone", "[e2e]") {
    const Shared shared;
    const KpmHome& kpm = shared.kpm;
    const unsigned daemon = user("daemon").pw_uid, www = gid_of("www-data");
    int pid = shared.start("number", {"--uid", std::to_string(daemon)});
    CHECK(numbers_of(kpm, pid, "Uid") == Numbers(4, daemon));
    CHECK(numbers_of(kpm, pid, "Gid") == Numbers(4, gid_of("daemon")));

    pid = shared.start("both", {"--uid", "daemon", "--gid", "www-data"});
    CHECK(numbers_of(kpm, pid, "Uid") == Numbers(4, daemon));
    CHECK(numbers_of(kpm, pid, "Gid") == Numbers(4, www));
    CHECK(numbers_of(kpm, pid, "Groups") == Numbers{www});

    pid = shared.start("group", {"--gid", "www-data"});
    CHECK(numbers_of(kpm, pid, "Uid") == Numbers(4, 0));
    CHECK(numbers_of(kpm, pid, "Gid") == Numbers(4, www));
    CHECK(numbers_of(kpm, pid, "Groups") == Numbers{www});
    CHECK(variable_of(pid, "HOME") == "/root");

    pid = shared.start("stranger", {"--uid", "54321", "--gid", "54322"});
    CHECK(numbers_of(kpm, pid, "Uid") == Numbers(4, 54321));
    CHECK(numbers_of(kpm, pid, "Groups") == Numbers{54322});
}

TEST_CASE("users: all groups that the user is in", "[e2e]") {
    const Shared shared;
    const KpmHome& kpm = shared.kpm;
    // A daemon that sees another /etc/group: the machine's own stays as it is.
    std::string groups;
    const std::string own = kpm.read("/etc/group");
    for (const std::string_view line : split(own, '\n')) {
        const bool gets_member = line.starts_with("games:") || line.starts_with("staff:");
        groups += std::string(line) + (gets_member ? "www-data\n" : "\n");
    }
    const std::string file = kpm.write("group", groups);
    const CommandResult up =
        run_command({"unshare", "--mount", "sh", "-c", "mount --bind \"$0\" /etc/group && exec \"$1\" ping",
                     file, bin_dir() / "kpm"},
                    kpm.env(), kpm.work());
    INFO(up.out << up.err);
    REQUIRE(up.status == 0);
    const int pid = shared.start("app", {"--uid", "www-data"});
    Numbers expected{gid_of("www-data"), gid_of("games"), gid_of("staff")};
    std::ranges::sort(expected);
    CHECK(numbers_of(kpm, pid, "Groups") == expected);
}

TEST_CASE("users: an unknown user or group is named, and nothing runs", "[e2e]") {
    const Shared shared;
    const KpmHome& kpm = shared.kpm;
    CommandResult refused = kpm.kpm({"start", "app.sh", "--name", "user", "--uid", "no-such-user"});
    CHECK(refused.status == 1);
    CHECK(refused.err.find("cannot start 'user': cannot find user 'no-such-user': no such user") !=
          std::string::npos);
    refused = kpm.kpm({"start", "app.sh", "--name", "group", "--uid", "daemon", "--gid", "no-such-group"});
    CHECK(refused.status == 1);
    CHECK(refused.err.find("cannot find group 'no-such-group': no such group") != std::string::npos);
    refused = kpm.kpm({"start", "app.sh", "--name", "number", "--uid", "54321"});
    CHECK(refused.status == 1);
    CHECK(refused.err.find("cannot find user '54321': no such user, name its group too") !=
          std::string::npos);
    for (const Json& row : kpm.list()) {
        CHECK(row["pid"] == 0);
        CHECK(row["pm2_env"]["status"] == "errored");
    }
    // What was wrong can be put right.
    CHECK(kpm.kpm({"restart", "user", "--uid", "nobody"}).status == 0);
    CHECK(numbers_of(kpm, kpm.find("user")["pid"], "Uid") == Numbers(4, user("nobody").pw_uid));
}

TEST_CASE("users: without root no app runs as somebody else, and none is left in the list", "[e2e]") {
    const ProgramsForAll programs;
    const Shared shared;
    const KpmHome& kpm = shared.kpm;
    const passwd nobody = user("nobody");
    fs::create_directories(kpm.home());
    for (const fs::path& folder : {kpm.home(), kpm.work()})
        REQUIRE(::chown(folder.c_str(), nobody.pw_uid, nobody.pw_gid) == 0);
    kpm.write("eco.json", R"({"name": "by-file", "script": "./app.sh", "user": "daemon"})");
    const auto as_nobody = [&](std::vector<std::string> words) {
        words.insert(words.begin(),
                     {"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", programs.kpm()});
        auto env = kpm.env();
        env["HOME"] = kpm.work();
        return run_command(words, env, kpm.work());
    };
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"start", "app.sh", "--uid", "daemon"},
          {"start", "app.sh", "--gid", "daemon"},
          {"start", "eco.json"}}) {
        const CommandResult refused = as_nobody(words);
        INFO(refused.out << refused.err << kpm.daemon_log());
        CHECK(refused.status == 1);
        CHECK(refused.err.find("': 'uid' and 'gid' need a daemon that runs as root, this one is nobody's") !=
              std::string::npos);
    }
    CHECK(Json::parse(as_nobody({"jlist"}).out).empty());
    CHECK(as_nobody({"start", "app.sh"}).status == 0);
    const int pid = Json::parse(as_nobody({"jlist"}).out).at(0).at("pid");
    CHECK(as_nobody({"restart", "app", "--uid", "daemon"}).status == 1);
    CHECK(Json::parse(as_nobody({"jlist"}).out).at(0).at("pid") == pid);
}

TEST_CASE("users: a script that the user may not read is told in its log, and given up", "[e2e]") {
    const Shared shared;
    const KpmHome& kpm = shared.kpm;
    fs::permissions(kpm.work() / "app.sh", fs::perms{0600});
    kpm.kpm({"start", "app.sh", "--name", "app", "--uid", "nobody"});
    CHECK(eventually([&] { return kpm.find("app")["pm2_env"]["status"] == "errored"; }));
    CHECK(eventually([&] {
        return kpm.read(kpm.home() / "logs" / "app-error.log").find("Permission denied") != std::string::npos;
    }));
}

TEST_CASE("users: a folder that the user may not enter is named", "[e2e]") {
    const Shared shared;
    const KpmHome& kpm = shared.kpm;
    fs::permissions(kpm.work(), fs::perms{0700});
    const CommandResult refused = kpm.kpm({"start", "app.sh", "--name", "app", "--uid", "nobody"});
    INFO(refused.out << refused.err);
    CHECK(refused.status == 1);
    CHECK(refused.err.find("cannot change to directory '" + kpm.work().string() + "': Permission denied") !=
          std::string::npos);
}

// What the daemon does for an app must not be more than the app may do itself.
TEST_CASE("users: a socket file of a Node worker is made with the app's rights, not with root's", "[e2e]") {
    const Shared shared;
    const KpmHome& kpm = shared.kpm;
    for (const auto& [folder, owner] : {std::pair{"mine", user("daemon").pw_uid}, {"roots", uid_t{0}}}) {
        fs::create_directory(kpm.work() / folder);
        fs::permissions(kpm.work() / folder, fs::perms{0755});
        REQUIRE(::chown((kpm.work() / folder).c_str(), owner, owner) == 0);
    }
    kpm.write("sockets.js", R"(const net = require('net');
for (const path of ['roots/web.sock', 'mine/web.sock'])
  net.createServer(() => {}).on('error', (e) => console.log(path, e.code)).listen(path, () => console.log(path, 'listens'));
)");
    const CommandResult started = kpm.kpm({"start", "sockets.js", "-i", "1", "--uid", "daemon"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    const auto output = [&] { return kpm.read(kpm.home() / "logs" / "sockets-out-0.log"); };
    REQUIRE(eventually([&] {
        return output().find("roots/web.sock EACCES") != std::string::npos &&
               output().find("mine/web.sock listens") != std::string::npos;
    }));
    CHECK_FALSE(fs::exists(kpm.work() / "roots" / "web.sock"));
    struct stat made {};
    REQUIRE(::stat((kpm.work() / "mine" / "web.sock").c_str(), &made) == 0);
    CHECK(made.st_uid == user("daemon").pw_uid);
    CHECK(kpm.kpm({"delete", "sockets"}).status == 0);
    CHECK_FALSE(fs::exists(kpm.work() / "mine" / "web.sock"));
}

TEST_CASE("users: no link of the app's user makes root write or empty a file", "[e2e]") {
    const Shared shared;
    const KpmHome& kpm = shared.kpm;
    const uid_t daemon = user("daemon").pw_uid;
    const fs::path mine = kpm.work() / "mine", log = mine / "out", pid_file = mine / "pid";
    fs::create_directory(mine);
    REQUIRE(::chown(mine.c_str(), daemon, daemon) == 0);
    kpm.write("talk.sh", "echo hello; exec sleep 600\n");
    kpm.write("eco.json",
              R"({"name": "app", "script": "./talk.sh", "uid": "daemon", "out_file": "mine/out",
                              "error_file": "mine/error", "pid_file": "mine/pid"})");
    const CommandResult started = kpm.kpm({"start", "eco.json"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    REQUIRE(eventually([&] { return kpm.read(log) == "hello\n"; }));
    struct stat made {};
    REQUIRE(::stat(log.c_str(), &made) == 0);
    CHECK(made.st_uid == daemon);

    const fs::path secret = kpm.write("secret", "of root's");
    fs::permissions(secret, fs::perms{0600});
    for (const fs::path& file : {pid_file, log}) {
        fs::remove(file);
        fs::create_symlink(secret, file);
        REQUIRE(::lchown(file.c_str(), daemon, daemon) == 0);
    }
    kpm.kpm({"reloadLogs"});
    kpm.kpm({"flush"});
    const CommandResult restarted = kpm.kpm({"restart", "app"});
    CHECK(restarted.status == 1);
    CHECK(restarted.err.find("is a link of user") != std::string::npos);
    CHECK(kpm.read(secret) == "of root's");
}

}  // namespace kpm::users_test
