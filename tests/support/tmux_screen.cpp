#include "tests/support/tmux_screen.h"

#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include "tests/support/eventually.h"

namespace kpm::test {

TmuxScreen::TmuxScreen(const KpmHome& home, int columns, int lines)
    : home_(home), socket_(home.work() / "tmux") {
    const auto started = tmux({"new-session", "-d", "-x", std::to_string(columns), "-y",
                               std::to_string(lines), "env PS1= PATH=" + bin_dir().string() + ":$PATH sh"});
    if (started.status != 0) throw std::runtime_error("tmux: " + started.out + started.err);
    server_ = std::atoi(variable("pid").c_str());
}

TmuxScreen::~TmuxScreen() {
    tmux({"kill-server"});
    if (server_ > 0 && !eventually([&] { return !is_running(server_); })) {
        std::cerr << "tmux " << server_ << " is still there" << std::endl;
        std::abort();
    }
}

void TmuxScreen::command(const std::string& line) {
    tmux({"send-keys", "-l", line});
    press({"Enter"});
}

void TmuxScreen::press(const std::vector<std::string>& keys) {
    std::vector<std::string> args{"send-keys"};
    args.insert(args.end(), keys.begin(), keys.end());
    tmux(std::move(args));
}

void TmuxScreen::resize(int columns, int lines) {
    tmux({"resize-window", "-x", std::to_string(columns), "-y", std::to_string(lines)});
}

std::string TmuxScreen::text(bool with_colours) const {
    std::vector<std::string> args{"capture-pane", "-p"};
    if (with_colours) args.push_back("-e");
    return tmux(std::move(args)).out;
}

std::string TmuxScreen::variable(const std::string& name) const {
    std::string value = tmux({"display-message", "-p", "#{" + name + "}"}).out;
    while (!value.empty() && value.back() == '\n') value.pop_back();
    return value;
}

CommandResult TmuxScreen::tmux(std::vector<std::string> args) const {
    // -u: UTF-8 whatever the locale; without a configuration of whoever runs the tests.
    std::vector<std::string> argv{"tmux", "-u", "-f", "/dev/null", "-S", socket_};
    argv.insert(argv.end(), args.begin(), args.end());
    std::map<std::string, std::string> env = home_.env();
    env["TMUX"] = "";
    return run_command(argv, env, home_.work());
}

}  // namespace kpm::test
