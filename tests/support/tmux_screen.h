#pragma once
// A terminal of its own, in which a test types and reads what stands on the screen: a shell in a tmux server
// that belongs to the test alone.

#include <string>
#include <vector>

#include "tests/support/kpm_home.h"

namespace kpm::test {

class TmuxScreen {
public:
    // The shell runs in the home's environment and working directory, with an empty prompt.
    explicit TmuxScreen(const KpmHome& home, int columns = 80, int lines = 24);
    // Ends the shell and what runs in it; aborts the test program if the server does not end.
    ~TmuxScreen();
    TmuxScreen(const TmuxScreen&) = delete;
    TmuxScreen& operator=(const TmuxScreen&) = delete;

    // Types a line for the shell.
    void command(const std::string& line);
    // Presses keys, by tmux's names: "q", "Down", "C-c", "Escape".
    void press(const std::vector<std::string>& keys);
    void resize(int columns, int lines);

    // What stands on the screen; with colours: with escape codes.
    std::string text(bool with_colours = false) const;
    bool shows(const std::string& part) const { return text().find(part) != std::string::npos; }
    // One of tmux's variables: alternate_on, cursor_flag, pane_title …
    std::string variable(const std::string& name) const;

private:
    CommandResult tmux(std::vector<std::string> args) const;

    const KpmHome& home_;
    std::string socket_;
    int server_ = 0;  // its pid
};

}  // namespace kpm::test
