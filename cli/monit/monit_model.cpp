#include "cli/monit/monit_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/monit/details.h"
#include "ecosystem/utf8.h"

namespace kpm::cli::monit {
namespace {

constexpr long kPage = 10;
constexpr long kAll = 1L << 40;  // to the end, from wherever
constexpr std::size_t kLongestFilter = 64;

struct VerbWords {
    std::string_view name, doing, done;
};
constexpr std::array<VerbWords, 3> kVerbs{{{"restart", "restarting", "restarted"},
                                           {"reload", "reloading", "reloaded"},
                                           {"stop", "stopping", "stopped"}}};

const VerbWords& words(Verb verb) {
    return kVerbs[static_cast<std::size_t>(verb)];
}

std::string title(const Task& task) {
    return fmt::format("'{}' (id {})", task.name, task.id);
}

void drop_last_character(std::string& text) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
    if (!text.empty()) text.pop_back();
}

bool is_letter(const Key& key, char32_t lower_case) {
    return key.name == KeyName::Character &&
           (key.character == lower_case || key.character == lower_case - U'a' + U'A');
}

std::size_t shifted(std::size_t offset, long steps, std::size_t last) {
    const long here = static_cast<long>(std::min(offset, last));
    return static_cast<std::size_t>(std::clamp(here + steps, 0L, static_cast<long>(last)));
}

}  // namespace

Effect Model::press(const Key& key, std::int64_t now) {
    if (key.name == KeyName::Interrupt) return Quit{};
    if (key.name == KeyName::Suspend) return Suspend{};
    if (key.name == KeyName::Redraw) return Redraw{};
    switch (mode_) {
        case Mode::Browse:
            return browse(key, now);
        case Mode::Filter:
            edit_filter(key);
            return Nothing{};
        case Mode::ConfirmStop:
            return confirm(key, now);
        case Mode::Help:
            mode_ = Mode::Browse;
            return is_letter(key, U'q') ? Effect(Quit{}) : Effect(Nothing{});
    }
    return Nothing{};
}

Effect Model::browse(const Key& key, std::int64_t now) {
    switch (key.name) {
        case KeyName::Up:
            move(-1);
            break;
        case KeyName::Down:
            move(1);
            break;
        case KeyName::PageUp:
            move(-kPage);
            break;
        case KeyName::PageDown:
            move(kPage);
            break;
        case KeyName::Home:
            move(-kAll);
            break;
        case KeyName::End:
            move(kAll);
            break;
        case KeyName::Left:
            focus_by(-1);
            break;
        case KeyName::Right:
            focus_by(1);
            break;
        case KeyName::Escape:
            return Quit{};
        case KeyName::Character:
            return command(key.character, now);
        default:
            break;
    }
    return Nothing{};
}

Effect Model::command(char32_t letter, std::int64_t now) {
    switch (letter) {
        case U'q':
            return Quit{};
        case U'j':
            move(1);
            break;
        case U'k':
            move(-1);
            break;
        case U'/':
            mode_ = Mode::Filter;
            break;
        case U's':
            apps_.next_order();
            break;
        case U'?':
        case U'h':
            mode_ = Mode::Help;
            break;
        case U'r':
            return ask(Verb::Restart, now);
        case U'R':
            return ask(Verb::Reload, now);
        case U'x':
            return ask(Verb::Stop, now);
        default:
            break;
    }
    return Nothing{};
}

void Model::edit_filter(const Key& key) {
    const ProcessRow* before = apps_.selected();
    std::string filter = apps_.filter();
    switch (key.name) {
        case KeyName::Enter:
            mode_ = Mode::Browse;
            return;
        case KeyName::Escape:
            mode_ = Mode::Browse;
            filter.clear();
            break;
        case KeyName::Backspace:
            drop_last_character(filter);
            break;
        case KeyName::Up:
        case KeyName::Down:
            apps_.select_by(key.name == KeyName::Up ? -1 : 1);
            break;
        case KeyName::Character:
            if (filter.size() < kLongestFilter) ecosystem::append_utf8(filter, key.character);
            break;
        default:
            return;
    }
    if (filter != apps_.filter()) apps_.set_filter(std::move(filter));
    select_anew(before);
}

Effect Model::ask(Verb verb, std::int64_t now) {
    const ProcessRow* row = apps_.selected();
    if (row == nullptr) return Nothing{};
    const Task task{verb, row->id, row->name};
    if (verb != Verb::Stop) return begin(task, now);
    asked_ = task;
    mode_ = Mode::ConfirmStop;
    return Nothing{};
}

Effect Model::confirm(const Key& key, std::int64_t now) {
    mode_ = Mode::Browse;
    if (is_letter(key, U'y')) return begin(asked_, now);
    say(fmt::format("{} is left running", title(asked_)), false, now);
    return Nothing{};
}

Effect Model::begin(const Task& task, std::int64_t now) {
    const auto refuse = [&](std::string_view reason) {
        say(fmt::format("cannot {} '{}': {}", words(task.verb).name, task.name, reason), true, now);
        return Nothing{};
    };
    if (connection_ != Connection::Live) return refuse("there is no connection to the daemon");
    if (!busy_.insert(task.id).second) return refuse("the action before is still under way");
    say(fmt::format("{} {} …", words(task.verb).doing, title(task)), false, now);
    return task;
}

void Model::finish(const Task& task, std::string_view reason, std::int64_t now) {
    busy_.erase(task.id);
    if (reason.empty()) return say(fmt::format("{} {}", words(task.verb).done, title(task)), false, now);
    // The daemon's own errors are whole sentences.
    if (reason.starts_with("cannot ")) return say(std::string(reason), true, now);
    say(fmt::format("cannot {} '{}': {}", words(task.verb).name, task.name, reason), true, now);
}

void Model::update(ProcessList list) {
    const ProcessRow* before = apps_.selected();
    const auto id = before == nullptr ? std::optional<std::int64_t>() : before->id;
    for (const std::int64_t gone : apps_.update(std::move(list))) logs_.forget(gone);
    const ProcessRow* after = apps_.selected();
    if (after == nullptr || id != after->id) std::ranges::fill(scroll_, std::size_t{0});
}

void Model::add_log(std::int64_t app, bool is_error, std::string_view data) {
    const std::size_t lines = logs_.add(app, is_error, data).lines;
    const ProcessRow* selected = apps_.selected();
    if (selected == nullptr || selected->id != app) return;
    // What the user has scrolled to stays where it is.
    std::size_t& offset = scroll_[static_cast<std::size_t>(Pane::Logs)];
    const std::size_t count = logs_.lines(app).size();
    if (offset > 0) offset = std::min(offset + lines, count == 0 ? 0 : count - 1);
}

void Model::set_connection(Connection connection, std::int64_t now) {
    if (connection == Connection::Live && was_live_ && connection_ != Connection::Live)
        say(notice_.is_error ? "connected to the daemon again; " + notice_.text
                             : "connected to the daemon again",
            notice_.is_error, now);
    was_live_ = was_live_ || connection == Connection::Live;
    connection_ = connection;
}

void Model::move(long lines) {
    const ProcessRow* row = apps_.selected();
    if (row == nullptr) return;
    std::size_t& offset = scroll_[static_cast<std::size_t>(focus_)];
    const auto last_of = [](std::size_t count) { return count == 0 ? 0 : count - 1; };
    switch (focus_) {
        case Pane::List:
            apps_.select_by(lines);
            select_anew(row);
            break;
        case Pane::Logs:
            offset = shifted(offset, -lines, last_of(logs_.lines(row->id).size()));
            break;
        case Pane::Metrics:
            offset = shifted(offset, lines, last_of(metrics_of(*row).size()));
            break;
        case Pane::Metadata:
            offset = shifted(offset, lines, last_of(metadata_of(*row, 0).size()));
            break;
    }
}

void Model::focus_by(int steps) {
    focus_ = static_cast<Pane>((static_cast<int>(focus_) + kPanes + steps) % kPanes);
}

void Model::select_anew(const ProcessRow* before) {
    if (apps_.selected() != before) std::ranges::fill(scroll_, std::size_t{0});
}

}  // namespace kpm::cli::monit
