// startup, unstartup: the daemon and the saved apps come back with the machine.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/own_programs.h"
#include "cli/run_command.h"
#include "cli/startup/init_system.h"
#include "cli/startup/quoting.h"
#include "cli/user_file.h"
#include "ipc/base/user.h"

namespace kpm::cli {
namespace {

// Put before each path that is written, and no root is needed then: for images and for tests.
constexpr const char* kRootVariable = "KPM_STARTUP_ROOT";
constexpr std::string_view kStandardPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:/usr/local/games";

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string quoted_line(const CommandWords& words) {
    std::string line;
    for (const std::string& word : words) {
        if (!line.empty()) line += ' ';
        line += shell_word(word);
    }
    return line;
}

enum class Gone { Refused, Taken };  // a user that there is no more

Result<User> chosen_user(const Context& context, Gone gone) {
    std::string name = context.line.value("user").value_or("");
    auto user = name.empty() ? find_user(geteuid()) : find_user(name);
    if (!user && gone == Gone::Taken && !name.empty()) user = User{.name = name};
    if (!user) {
        if (name.empty()) name = std::to_string(geteuid());
        return Error{ErrorCode::NotFound,
                     fmt::format("cannot set up the start of '{}': no such user, name one by -u", name)};
    }
    if (const auto directory = context.line.value("hp")) user->directory = *directory;
    return *std::move(user);
}

// The home that is named by a variable is meant; without one it is the user's, not root's.
std::string home_of(const User& user) {
    for (const char* name : {"KPM_HOME", "PM2_HOME"}) {
        if (const std::string home = variable(name); !home.empty())
            return std::filesystem::absolute(home).lexically_normal().string();
    }
    return user.directory + "/.kpm";
}

// The service's log is opened in it before anything of kpm runs.
Result<void> make_home(const std::string& path, const User& user) {
    if (mkdir(path.c_str(), 0700) != 0)
        return errno == EEXIST ? Result<void>() : os_error("make", path, errno);
    // Not followed: who owns the folder above may have put a link in its place.
    if (geteuid() == 0 && lchown(path.c_str(), user.uid, user.gid) != 0)
        return os_error("give away", path, errno);
    return {};
}

Result<Service> make_service(const Context& context, const InitSystem& system, const User& user) {
    const auto kpm = own_program(), keeper = find_own_program("kpm-keeper"),
               daemon = find_own_program("kpmd");
    for (const auto* program : {&kpm, &keeper, &daemon}) {
        if (!*program) return program->error();
    }
    const std::string path = variable("PATH");
    Service service{
        .name = context.line.value("service-name").value_or(default_service_name(system, user.name)),
        .user = user.name,
        .user_directory = user.directory,
        .home = home_of(user),
        .kpm = kpm->string(),
        .keeper = keeper->string(),
        .daemon = daemon->string(),
        .path = path.empty() ? std::string(kStandardPath) : path + ":" + std::string(kStandardPath),
        .wait_for_network = context.line.has("wait-ip")};
    const std::string everything =
        service.name + service.user + service.user_directory + service.home + service.kpm + service.path;
    for (const char c : everything) {
        if (static_cast<unsigned char>(c) < ' ')
            return Error{ErrorCode::Invalid,
                         fmt::format("cannot set up the start of '{}': control characters in a name or path",
                                     printable(user.name))};
    }
    if (!is_service_name(service.name))
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot name a service '{}': letters, digits and _ . @ - only, the first a "
                                 "letter, a digit or _; choose a name by --service-name",
                                 service.name)};
    return service;
}

const InitSystem* choose_system(Context& context) {
    const std::string_view word = context.word();
    const auto env = ecosystem::environment_from(environ);
    const InitSystem* detected = detect_init_system(
        [&](std::string_view tool) { return ecosystem::find_in_path(tool, env).has_value(); });
    if (detected != nullptr) context.console.info(fmt::format("Init System found: {}", detected->name));
    if (word.empty()) {
        if (detected == nullptr) context.console.error("Init system not found");
        return detected;
    }
    const InitSystem* chosen = find_init_system(word);
    if (chosen == nullptr) {
        std::string names;
        for (const InitSystem& system : init_systems())
            names.append(names.empty() ? "" : ", ").append(system.name);
        context.console.error(
            fmt::format("cannot set up '{}': not an init system, they are {}", word, names));
    } else if (detected != nullptr && detected != chosen) {
        context.console.warn(
            fmt::format("this machine seems to use {}, not {}; without a name kpm takes what it finds",
                        detected->name, chosen->name));
    }
    return chosen;
}

int say_sudo(Context& context, std::string_view verb, const InitSystem& system, const User& user) {
    const auto own = own_program();
    if (!own) return context.fail(own.error());
    // The apps' interpreters are found by the PATH of whoever types this.
    const std::string path = variable("PATH");
    std::string line = shell_word(path) == path ? "sudo env PATH=$PATH" : "sudo env \"PATH=$PATH\"";
    for (const char* name : {"KPM_HOME", "PM2_HOME"}) {
        if (const std::string home = variable(name); !home.empty()) {
            line += fmt::format(" {}={}", name, shell_word(home_of(user)));
            break;
        }
    }
    line +=
        fmt::format(" {} {} {} -u {}", shell_word(own->string()), verb, system.name, shell_word(user.name));
    if (!user.directory.empty()) line += " --hp " + shell_word(user.directory);
    if (const auto name = context.line.value("service-name")) line += " --service-name " + shell_word(*name);
    if (context.line.has("wait-ip")) line += " --wait-ip";
    context.console.info(fmt::format("To {} the Startup Script, copy/paste the following command:",
                                     verb == "startup" ? "setup" : "unsetup"));
    context.console.line(line);
    return kFailed;
}

bool execute(Context& context, const CommandWords& command) {
    const std::string line = quoted_line(command);
    context.console.info(fmt::format("[-] Executing: {}...", line));
    const auto code = run_command(command);
    if (code && *code == 0) {
        context.console.info("[v] Command successfully executed.");
        return true;
    }
    context.console.error(code ? fmt::format("cannot execute '{}': exit code {}", line, *code)
                               : code.error().message);
    return false;
}

struct Plan {
    const InitSystem* system = nullptr;
    Service service;
    User user;
    std::string root;  // before each path that is written
    std::string file;
};

// nullopt: said why, or said what to type as root.
std::optional<Plan> make_plan(Context& context, std::string_view verb) {
    const InitSystem* system = choose_system(context);
    if (system == nullptr) return std::nullopt;
    // What was set up for a user that has been deleted must be removable all the same.
    const auto user = chosen_user(context, verb == "unstartup" ? Gone::Taken : Gone::Refused);
    if (!user) {
        context.console.error(user.error().message);
        return std::nullopt;
    }
    const std::string root = variable(kRootVariable);
    if (geteuid() != 0 && root.empty()) {
        say_sudo(context, verb, *system, *user);
        return std::nullopt;
    }
    auto service = make_service(context, *system, *user);
    if (!service) {
        context.console.error(service.error().message);
        return std::nullopt;
    }
    std::string file = root + system->file(*service);
    return Plan{system, *std::move(service), *user, root, std::move(file)};
}

}  // namespace

int run_startup(Context& context) {
    const auto plan = make_plan(context, "startup");
    if (!plan) return kFailed;
    const InitSystem& system = *plan->system;
    const Service& service = plan->service;
    const std::string text = system.text(service);
    const auto commands = system.enable(service);
    context.console.line(fmt::format("Platform {}\nTemplate\n{}\nTarget path\n{}\nCommand list", system.name,
                                     text, plan->file));
    for (const CommandWords& command : commands) context.console.line(quoted_line(command));
    const std::string home = plan->root + service.home;
    if (!plan->root.empty()) {
        std::error_code ignored;  // make_home says what is wrong
        std::filesystem::create_directories(std::filesystem::path(home).parent_path(), ignored);
    }
    if (const auto made = make_home(home, plan->user); !made) return context.fail(made.error());
    context.console.info(fmt::format("Writing init configuration in {}", plan->file));
    if (const auto written = write_user_file(plan->file, text, system.mode); !written)
        return context.fail(written.error());
    context.console.info("Making script booting at startup...");
    for (const CommandWords& command : commands) {
        if (!execute(context, command)) return kFailed;
    }
    context.console.line("+---------------------------------------+");
    context.console.info("Freeze a process list on reboot via:");
    context.console.line("$ kpm save\n");
    context.console.info("Remove init script via:");
    context.console.line(fmt::format("$ kpm unstartup {}", system.name));
    return kDone;
}

int run_unstartup(Context& context) {
    const auto plan = make_plan(context, "unstartup");
    if (!plan) return kFailed;
    // As in PM2 a service that is stopped or unknown already is no reason to leave its file.
    for (const CommandWords& command : plan->system->disable(plan->service)) execute(context, command);
    if (unlink(plan->file.c_str()) != 0) {
        if (errno != ENOENT) return context.fail(os_error("remove", plan->file, errno));
        context.console.warn(fmt::format("{} is not there", plan->file));
    }
    for (const CommandWords& command : plan->system->removed(plan->service)) execute(context, command);
    context.console.info("Init file disabled.");
    return kDone;
}

}  // namespace kpm::cli
