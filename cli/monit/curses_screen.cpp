#include "cli/monit/curses_screen.h"

#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <term.h>

#include <fmt/format.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cwchar>
#include <string>

#include "cli/monit/terminal_rescue.h"

namespace kpm::cli::monit {
namespace {

// What an arrow key sends may come in pieces over a slow line; a lone Escape is known after this.
constexpr int kEscapeDelay = 100;  // ms

struct Pair {
    Colour colour;
    short number;
};
constexpr std::array<Pair, 6> kPairs{{{Colour::Red, COLOR_RED},
                                      {Colour::Green, COLOR_GREEN},
                                      {Colour::Yellow, COLOR_YELLOW},
                                      {Colour::Blue, COLOR_BLUE},
                                      {Colour::Magenta, COLOR_MAGENTA},
                                      {Colour::Cyan, COLOR_CYAN}}};

struct KeyRow {
    int code;
    KeyName name;
};
constexpr std::array<KeyRow, 10> kFunctionKeys{{{KEY_UP, KeyName::Up},
                                                {KEY_DOWN, KeyName::Down},
                                                {KEY_LEFT, KeyName::Left},
                                                {KEY_RIGHT, KeyName::Right},
                                                {KEY_PPAGE, KeyName::PageUp},
                                                {KEY_NPAGE, KeyName::PageDown},
                                                {KEY_HOME, KeyName::Home},
                                                {KEY_END, KeyName::End},
                                                {KEY_ENTER, KeyName::Enter},
                                                {KEY_BACKSPACE, KeyName::Backspace}}};
constexpr std::array<KeyRow, 8> kControlKeys{{{0x03, KeyName::Interrupt},
                                              {0x08, KeyName::Backspace},
                                              {0x0A, KeyName::Enter},
                                              {0x0C, KeyName::Redraw},
                                              {0x0D, KeyName::Enter},
                                              {0x1A, KeyName::Suspend},
                                              {0x1B, KeyName::Escape},
                                              {0x7F, KeyName::Backspace}}};

template <std::size_t N>
std::optional<KeyName> find_key(const std::array<KeyRow, N>& rows, wint_t code) {
    for (const KeyRow& row : rows) {
        if (static_cast<wint_t>(row.code) == code) return row.name;
    }
    return std::nullopt;
}

// kpm's output is UTF-8 everywhere; ncurses writes it only in a locale that has it.
void choose_locale() {
    if (std::setlocale(LC_CTYPE, "") != nullptr && std::string_view(nl_langinfo(CODESET)) == "UTF-8") return;
    std::setlocale(LC_CTYPE, "C.UTF-8");
}

std::string capability(const char* name) {
    const char* text = tigetstr(name);
    if (text == nullptr || reinterpret_cast<std::intptr_t>(text) == -1) return "";
    std::string result(text);
    if (const auto delay = result.find("$<"); delay != std::string::npos) result.erase(delay);
    return result;
}

}  // namespace

struct CursesScreen::Inside {
    TerminalRescue rescue{STDOUT_FILENO};
    SCREEN* screen = nullptr;
    bool has_colour = false;
    std::string leaving;

    ~Inside() {
        if (screen == nullptr) return;
        endwin();
        rescue.disarm();
        delscreen(screen);
    }
    short pair(const Look& look) const { return has_colour ? static_cast<short>(look.colour) : short{0}; }
};

namespace {

void put(Spot spot, const wchar_t* text, const Look& look, short pair) {
    attr_t attributes = A_NORMAL;
    if (look.bold) attributes |= A_BOLD;
    if (look.dim) attributes |= A_DIM;
    if (look.reverse) attributes |= A_REVERSE;
    cchar_t cooked;
    const std::array<wchar_t, 2> alone{text[0], L'\0'};  // without marks that the C library takes for none
    if (setcchar(&cooked, text, attributes, pair, nullptr) == OK ||
        setcchar(&cooked, alone.data(), attributes, pair, nullptr) == OK)
        mvwadd_wch(stdscr, spot.y, spot.x, &cooked);
}

}  // namespace

CursesScreen::CursesScreen(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
CursesScreen::~CursesScreen() = default;

Result<std::unique_ptr<CursesScreen>> CursesScreen::open(bool has_colour) {
    choose_locale();
    const char* type = std::getenv("TERM");
    const auto refuse = [&](std::string_view reason) {
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot use terminal '{}': {}", type == nullptr ? "" : type, reason)};
    };
    int problem = 0;
    if (setupterm(nullptr, STDOUT_FILENO, &problem) != OK) return refuse("its type is unknown (TERM)");
    if (capability("cup").empty()) return refuse("it cannot move its cursor");
    del_curterm(cur_term);
    auto inside = std::make_unique<Inside>();
    inside->screen = newterm(nullptr, stdout, stdin);
    if (inside->screen == nullptr) return refuse("it cannot be set up");
    inside->leaving = capability("sgr0") + capability("cnorm") + capability("rmkx") + capability("rmcup");
    inside->rescue.arm(inside->leaving);
    raw();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    set_escdelay(kEscapeDelay);
    inside->has_colour = has_colour && has_colors();
    if (inside->has_colour) {
        start_color();
        use_default_colors();
        for (const Pair& pair : kPairs) init_pair(static_cast<short>(pair.colour), pair.number, -1);
    }
    auto screen = std::unique_ptr<CursesScreen>(new CursesScreen(std::move(inside)));
    screen->fit();
    return screen;
}

Size CursesScreen::size() const {
    return {getmaxx(stdscr), getmaxy(stdscr)};
}

void CursesScreen::fit() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return;
    if (Size{size.ws_col, size.ws_row} == this->size()) return;
    resizeterm(size.ws_row, size.ws_col);
    clearok(stdscr, TRUE);
}

void CursesScreen::show(const Canvas& canvas) {
    werase(stdscr);
    for (int y = 0; y < canvas.size().height; ++y) {
        for (int x = 0; x < canvas.size().width; ++x) {
            const Cell& cell = canvas.at({x, y});
            if (cell.is_tail || cell == Cell{}) continue;
            std::array<wchar_t, CCHARW_MAX + 1> text{};
            for (std::size_t i = 0; i < cell.text.size(); ++i) text[i] = static_cast<wchar_t>(cell.text[i]);
            // The C library knows the terminal's characters; one that it does not know would shift the line.
            const int width = wcwidth(text[0]);
            if (width != (cell.is_wide ? 2 : 1)) text = {width < 0 || !cell.is_wide ? L'?' : text[0]};
            put({x, y}, text.data(), cell.look, inside_->pair(cell.look));
        }
    }
    wrefresh(stdscr);
}

void CursesScreen::redraw() {
    clearok(stdscr, TRUE);
}

std::optional<Key> CursesScreen::next_key() {
    for (;;) {
        wint_t code = 0;
        const int kind = wget_wch(stdscr, &code);
        if (kind == ERR) return std::nullopt;
        if (kind == KEY_CODE_YES) {
            if (const auto name = find_key(kFunctionKeys, code)) return Key{*name};
        } else if (const auto name = find_key(kControlKeys, code)) {
            return Key{*name};
        } else if (code >= 0x20) {
            return Key::of(static_cast<char32_t>(code));
        }
    }
}

void CursesScreen::suspend() {
    endwin();
    inside_->rescue.disarm();
    ::raise(SIGSTOP);
    inside_->rescue.arm(inside_->leaving);
    fit();
    clearok(stdscr, TRUE);
    wrefresh(stdscr);
}

}  // namespace kpm::cli::monit
