#pragma once
// A key press as the model knows it, whatever the terminal sent for it.

namespace kpm::cli::monit {

enum class KeyName {
    Character,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Escape,
    Backspace,
    Interrupt,  // Ctrl-C
    Suspend,    // Ctrl-Z
    Redraw,     // Ctrl-L
};

struct Key {
    KeyName name = KeyName::Character;
    char32_t character = 0;

    static Key of(char32_t character) { return {KeyName::Character, character}; }
};

}  // namespace kpm::cli::monit
