// kpm as it is installed, not as it is built: by cmake --install, by npm, with the files for shells and
// systemd.
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <set>

#include "ipc/base/unique_fd.h"
#include "tests/support/kpm_home.h"

namespace kpm::installation_test {
using namespace test;

namespace {

namespace fs = std::filesystem;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

CommandResult must(const std::vector<std::string>& argv, const std::map<std::string, std::string>& env = {},
                   const std::string& cwd = "") {
    CommandResult result = run_command(argv, env, cwd);
    INFO(result.out << result.err);
    REQUIRE(result.status == 0);
    return result;
}

// The component kpm below a folder of the test; PATH begins with its programs.
class Installation {
public:
    Installation() {
        must({"cmake", "--install", bin_dir().parent_path().string(), "--component", "kpm", "--prefix",
              prefix().string()});
        env_ = kpm_.env();
        env_["HOME"] = kpm_.work().string();
        use(prefix() / "bin");
    }
    // A test that fails half-way leaves no daemon: KpmHome knows of none in the user's folder.
    ~Installation() { run_command({(bin_dir() / "kpm").string(), "kill"}, env_, kpm_.work().string()); }
    Installation(const Installation&) = delete;
    Installation& operator=(const Installation&) = delete;
    void use(const fs::path& programs) { env_["PATH"] = programs.string() + ":" + std::getenv("PATH"); }
    CommandResult run(const std::vector<std::string>& argv) const {
        return run_command(argv, env_, kpm_.work().string());
    }
    fs::path prefix() const { return kpm_.work() / "usr"; }
    fs::path share() const { return prefix() / "share"; }
    const KpmHome& kpm() const { return kpm_; }
    std::map<std::string, std::string>& env() { return env_; }

private:
    KpmHome kpm_;
    std::map<std::string, std::string> env_;
};

// Starts an app, finds it online, and stops all, with the kpm that PATH has.
void check_works(const Installation& installed, const fs::path& programs) {
    installed.kpm().write("app.sh", "#!/bin/sh\nwhile :; do sleep 1; done\n");
    const CommandResult started = installed.run({"kpm", "start", "app.sh", "--name", "web"});
    INFO(started.out << started.err);
    REQUIRE(started.status == 0);
    CHECK(contains(installed.run({"kpm", "list"}).out, "online"));
    const int daemon = installed.kpm().daemon_pid();
    CHECK(fs::read_symlink("/proc/" + std::to_string(daemon) + "/exe") == programs / "kpmd");
    CHECK(installed.run({"kpm", "kill"}).status == 0);
    CHECK_FALSE(is_running(daemon));
    for (const char* name : {"kpm-dev", "kpm-runtime"})
        CHECK(installed.run({name, "--version"}).out == installed.run({"kpm", "--version"}).out);
    const CommandResult job = installed.run({"kpm-runtime", "--no-autorestart", "/bin/sh", "--interpreter",
                                             "none", "--", "-c", "echo said; exit 3"});
    CHECK(job.status == 3);
    CHECK(job.out == "said\n");
}

}  // namespace

TEST_CASE("installation: what cmake --install has copied works on its own", "[e2e]") {
    const Installation installed;
    check_works(installed, installed.prefix() / "libexec/kpm");
    for (const char* page : {"man1/kpm.1.gz", "man1/kpm-dev.1.gz", "man1/kpm-runtime.1.gz", "man8/kpmd.8.gz",
                             "man8/kpm-keeper.8.gz"})
        CHECK(installed.run({"gzip", "-t", (installed.share() / "man" / page).string()}).status == 0);
    for (const char* name : {"pm2-runtime", "pm2-dev"})
        CHECK_FALSE(fs::exists(installed.prefix() / "bin" / name));
}

// Where PM2 may be installed as well.
TEST_CASE("installation: all that is installed at once has none of PM2's names", "[e2e]") {
    const KpmHome kpm;
    const fs::path prefix = kpm.work() / "usr";
    must({"cmake", "--install", bin_dir().parent_path().string(), "--prefix", prefix.string()});
    CHECK(fs::exists(prefix / "bin/kpm"));
    CHECK(fs::exists(prefix / "bin/render-worker"));
    for (const auto& program : fs::directory_iterator(prefix / "bin"))
        CHECK_FALSE(program.path().filename().string().starts_with("pm2"));
}

TEST_CASE("installation: the pages that the manual and the options name are there", "[e2e]") {
    const Installation installed;
    const std::string text = must({"gzip", "-dc", (installed.share() / "man/man1/kpm.1.gz").string()}).out +
                             installed.run({"kpm", "start", "--help"}).out;
    std::set<std::string> names;
    const std::regex page("docs/([a-z0-9]|\\\\-)+\\.md");
    for (std::sregex_iterator found(text.begin(), text.end(), page), end; found != end; ++found) {
        std::string name = std::regex_replace(found->str(), std::regex("\\\\-"), "-");  // as roff has it
        names.insert(name.substr(std::string("docs/").size()));
    }
    CHECK(names.contains("config.md"));
    for (const std::string& name : names) {
        INFO(name);
        CHECK(fs::is_regular_file(installed.share() / "doc/kpm" / name));
    }
}

TEST_CASE("installation: npm's links to the programs are enough", "[e2e]") {
    Installation installed;
    // What `make npm` packs, without packing the debug build's programs.
    const fs::path package = installed.prefix(), global = installed.kpm().work() / "global";
    fs::copy_file(bin_dir().parent_path() / "npm/package.json", package / "package.json");
    const auto npm = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "npm");
        words.insert(words.end(),
                     {"--global", "--offline", "--no-audit", "--no-fund", "--prefix", global.string()});
        return must(words, installed.env());
    };
    npm({"install", "--install-links=false", package.string()});  // npm 9 copies unless it is told not to
    installed.use(global / "bin");
    CHECK(installed.run({"sh", "-c", "command -v kpm"}).out == (global / "bin/kpm").string() + "\n");
    check_works(installed, package / "libexec/kpm");
    CHECK(fs::exists(global / "share/man/man1/kpm.1.gz"));
    const Json manifest = Json::parse(installed.kpm().read(package / "package.json"));
    CHECK(manifest["version"].get<std::string>() + "\n" == installed.run({"kpm", "--version"}).out);
    npm({"uninstall", "kpm"});
    CHECK_FALSE(fs::exists(fs::symlink_status(global / "bin/kpm")));
    CHECK_FALSE(fs::exists(fs::symlink_status(global / "bin/kpm-runtime")));
}

// The unit is carried out as systemd would for a user: HOME, the command, the word on NOTIFY_SOCKET.
TEST_CASE("installation: the unit kpm@USER starts that user's daemon and saved apps, and ends them",
          "[e2e]") {
    Installation installed;
    const KpmHome& kpm = installed.kpm();
    must({(bin_dir() / "kpm-manual").string(), (kpm.work() / "made").string(), installed.prefix().string()});
    const fs::path file = kpm.work() / "made/systemd/kpm@.service";
    const std::string unit = kpm.read(file);
    INFO(unit);
    if (run_command({"sh", "-c", "command -v systemd-analyze"}).status == 0) {
        const fs::path instance = file.parent_path() / "kpm@root.service";
        fs::copy_file(file, instance);
        const CommandResult checked =
            run_command({"systemd-analyze", "verify", "--man=no", instance.string()});
        INFO(checked.err);
        CHECK_FALSE(contains(checked.err, "kpm@root.service"));
    }
    const auto command = [&](const std::string& key) {
        const std::size_t begin = unit.find("\n" + key) + 1 + key.size();
        std::string text = unit.substr(begin, unit.find('\n', begin) - begin);
        for (std::size_t at = 0; (at = text.find("$$", at)) != std::string::npos; ++at) text.erase(at, 1);
        return text;
    };
    installed.env()["KPM_HOME"] = installed.env()["PM2_HOME"] =
        "";  // it is to be found in the user's directory
    const fs::path home = kpm.work() / ".kpm";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = (kpm.work() / "notify").string();
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const UniqueFd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const timeval limit{60, 0};
    ::setsockopt(manager.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    kpm.write("app.sh", "#!/bin/sh\nwhile :; do sleep 1; done\n");
    must({"kpm", "start", "app.sh", "--name", "web"}, installed.env(), kpm.work().string());
    must({"kpm", "save"}, installed.env());
    must({"kpm", "kill"}, installed.env());

    auto env = installed.env();
    env["NOTIFY_SOCKET"] = path;
    RunningCommand keeper({"sh", "-c", "exec " + command("ExecStart=")}, env, kpm.work().string());
    char text[64];
    const ssize_t size = ::recv(manager.get(), text, sizeof text, 0);
    REQUIRE(size > 0);
    CHECK(std::string_view(text, static_cast<std::size_t>(size)) == "READY=1");
    CHECK((fs::status(home).permissions() & fs::perms::all) == fs::perms::owner_all);
    CHECK(installed.run({"sh", "-c", command("ExecStartPost=-")}).status == 0);
    const CommandResult pid = installed.run({"kpm", "pid", "web"});
    const int app = std::atoi(pid.out.c_str());
    CHECK(is_running(app));
    CHECK(contains(kpm.read(home / "pm2.log"), "online"));
    CHECK(installed.run({"sh", "-c", command("ExecStop=")}).status == 0);
    CHECK_FALSE(is_running(app));
    CHECK(keeper.end(0) == 0);
}

TEST_CASE("installation: shells find the completions in their folders", "[e2e]") {
    const Installation installed;
    const std::string bash = (installed.share() / "bash-completion/completions/kpm").string();
    CHECK(contains(installed.run({"bash", "--norc", "-c", ". " + bash + "; complete -p kpm"}).out,
                   "-F _kpm_completion kpm"));
    const std::string fish = (installed.share() / "fish/vendor_completions.d/kpm.fish").string();
    CHECK(contains(
        installed.run({"fish", "--no-config", "-c", "source " + fish + "; complete -C 'kpm resu'"}).out,
        "resurrect\t"));
    // compinit reads the first line only; the file itself is run when it is to complete for the first time.
    const std::string folder = (bin_dir().parent_path() / "share/zsh").string();
    const CommandResult zsh = installed.run(
        {"zsh", "-f", "-c",
         "fpath=(" + folder +
             " $fpath); autoload -Uz compinit; compinit -u -D; print $_comps[kpm]; "
             "_describe() { print -rl -- ${(P)2} }; words=(kpm resu); CURRENT=2; $_comps[kpm]"});
    INFO(zsh.err);
    CHECK(zsh.out == "_kpm\nresurrect:start what was saved\n");
}

// Without what takes its time: compression, stripping, the search for libraries (`make package-test` has
// them).
TEST_CASE("installation: the Debian package has its files, their sums and what is said of it", "[e2e]") {
    const KpmHome kpm;
    const std::string folder = (kpm.work() / "packages").string();
    must({"cpack", "--config", (bin_dir().parent_path() / "CPackConfig.cmake").string(), "-B", folder, "-D",
          "CPACK_COMPONENTS_ALL=kpm;debian", "-D", "CPACK_STRIP_FILES=OFF", "-D",
          "CPACK_DEBIAN_COMPRESSION_TYPE=none", "-D", "CPACK_DEBIAN_PACKAGE_SHLIBDEPS=OFF"});
    const std::string version = run_command({(bin_dir() / "kpm").string(), "--version"}).out;
    std::string file;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".deb") file = entry.path().string();
    CHECK(contains(file, "/kpm_" + version.substr(0, version.size() - 1) + "_"));
    const auto field = [&](const std::string& name) { return must({"dpkg-deb", "--field", file, name}).out; };
    CHECK(field("Package") == "kpm\n");
    CHECK(field("Version") == version);
    CHECK(contains(field("Description"), "process manager with PM2's commands"));
    const std::string contents = must({"dpkg-deb", "--contents", file}).out;
    INFO(contents);
    for (const char* path :
         {"bin/kpm", "bin/kpm-dev -> kpm", "bin/kpm-runtime -> kpm", "libexec/kpm/kpmd",
          "libexec/kpm/kpm-gpu-monitor", "libexec/kpm/kpm-keeper", "libexec/kpm/kpm-serve",
          "lib/systemd/system/kpm@.service", "share/man/man1/kpm.1.gz", "share/man/man8/kpmd.8.gz",
          "share/bash-completion/completions/kpm", "share/zsh/vendor-completions/_kpm",
          "share/fish/vendor_completions.d/kpm.fish", "share/doc/kpm/copyright", "share/doc/kpm/changelog.gz",
          "share/doc/kpm/cli.md"}) {
        INFO(path);
        CHECK(contains(contents, " ./usr/" + std::string(path) + "\n"));
    }
    for (const char* name : {"pm2-runtime", "pm2-dev"})
        CHECK_FALSE(contains(contents, name));  // npm may have put pm2's own there
    CHECK_FALSE(contains(contents, "\n-rwxrwx"));
    CHECK_FALSE(contains(contents, "\ndrwxrwx"));
    must({"dpkg-deb", "--raw-extract", file, folder + "/root"});
    must({"md5sum", "--check", "--quiet", "DEBIAN/md5sums"}, {}, folder + "/root");
    for (const char* script : {"postinst", "prerm", "postrm"})
        must({"sh", "-n", folder + "/root/DEBIAN/" + script});
}

}  // namespace kpm::installation_test
