#pragma once
// A page of the manual as data, and its two forms: roff with the macros of man(7), for man(1), and Markdown,
// for docs/. Filled by whoever has the tables of a program's commands and options (cli/manual,
// render-worker/manual). Pure.
//
// In running text, words between backquotes are typed as they are; in a term, words between < > or [ ] stand
// for something else. Everything else is plain text.

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace kpm {

struct Manual {
    struct Paragraph {
        std::string text;
    };
    struct Subtitle {
        std::string text;
    };
    // Lines that are kept as they are.
    struct Example {
        std::string lines;
    };
    // "-n --lines <n>" and what it means; below it, for a command, its options.
    struct Entry {
        std::string term;
        std::string text;
        std::vector<Entry> below = {};
    };
    using Block = std::variant<Paragraph, Subtitle, Example, Entry>;
    struct Section {
        std::string title;  // in capitals, as manuals have it
        std::vector<Block> blocks;
    };

    std::string name;
    int number = 1;  // of the manual's section: 1 is for users, 8 for administrators
    std::string summary;
    std::vector<std::string> synopsis;
    std::vector<Section> sections;
    std::vector<std::pair<std::string, int>> see_also = {};  // names of pages and their sections
};

// What man(1) reads. `version` stands in the foot.
std::string to_roff(const Manual& manual, const std::string& version);
// Under a heading of the second level.
std::string to_markdown(const Manual& manual);

}  // namespace kpm
