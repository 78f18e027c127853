#pragma once
// The terminal in full-screen mode, by ncurses: shows canvases, reads keys. Its destructor, and a death of
// the program where none runs, give the terminal back as it was. One at a time; signals are the caller's
// matter and must be blocked before it is opened, or ncurses takes them.

#include <memory>
#include <optional>

#include "cli/monit/canvas.h"
#include "cli/monit/key.h"
#include "ipc/base/result.h"

namespace kpm::cli::monit {

class CursesScreen {
public:
    // On standard input and output, which must be a terminal. Invalid: one that has no cursor to move.
    static Result<std::unique_ptr<CursesScreen>> open(bool has_colour);
    ~CursesScreen();
    CursesScreen(const CursesScreen&) = delete;
    CursesScreen& operator=(const CursesScreen&) = delete;

    Size size() const;
    void fit();  // takes over the terminal's size
    void show(const Canvas& canvas);
    void redraw();  // the next show() writes all anew
    // nullopt: no key is waiting. May wait a moment to tell Escape from a longer sequence.
    std::optional<Key> next_key();
    // Gives the terminal back, stops the program until the shell continues it, takes the terminal again.
    void suspend();

private:
    struct Inside;

    explicit CursesScreen(std::unique_ptr<Inside> inside);

    std::unique_ptr<Inside> inside_;
};

}  // namespace kpm::cli::monit
