#include "cli/monit/monit_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/monit/clean_text.h"
#include "cli/monit/panes.h"
#include "cli/terminal.h"

namespace kpm::cli::monit {
namespace {

constexpr std::int64_t kNoticeStays = 10'000, kErrorStays = 60'000;  // ms
constexpr int kWidestList = 78;

constexpr const char* kKeyLine =
    "↑↓ move  ←→ pane  / filter  s sort  r restart  R reload  x stop  ? help  q quit";

struct KeyHelp {
    std::string_view keys, meaning;
};
constexpr std::array<KeyHelp, 13> kKeyHelp{{
    {"up, down, k, j", "select a process, or scroll the marked pane"},
    {"PgUp, PgDn, Home, End", "the same, by ten lines, to an end"},
    {"left, right", "mark another pane"},
    {"/", "show only names with a text in them"},
    {"", "Enter keeps the filter, Escape drops it"},
    {"s", "order by id, name, cpu, memory, uptime,"},
    {"", "restarts, status"},
    {"r", "restart the selected process, or start it"},
    {"R", "reload it: without a gap, if it can"},
    {"x", "stop it; asks before"},
    {"?, h", "this help"},
    {"Ctrl-L, Ctrl-Z", "draw anew, suspend"},
    {"q, Escape, Ctrl-C", "quit"},
}};

struct Places {
    Rect list, logs, usage, metadata;
    int status = 0, keys = 0;
};

Places places_in(Size size) {
    const int height = size.height - 2;
    const int upper = height * 7 / 10;
    const int left = std::clamp(size.width * 45 / 100, kSmallest.width / 2, kWidestList);
    const int right = size.width - left;
    return {.list = {0, 0, left, upper},
            .logs = {left, 0, right, upper},
            .usage = {0, upper, left, height - upper},
            .metadata = {left, upper, right, height - upper},
            .status = size.height - 2,
            .keys = size.height - 1};
}

void draw_status(Canvas& canvas, int y, const Model& model, std::int64_t now) {
    const int width = canvas.size().width;
    const auto say = [&](std::string_view text, const Look& look) {
        canvas.fill({0, y, width, 1}, look);
        canvas.write({1, y}, width - 2, text, look);
    };
    const Look problem{.colour = Colour::Red, .bold = true, .reverse = true};
    const Notice& notice = model.notice();
    if (model.mode() == Mode::Filter) {
        const std::string prompt = "names with: " + model.apps().filter();
        const int end = 1 + canvas.write({1, y}, width - 3, prompt, {.bold = true});
        canvas.write({end, y}, 1, " ", {.reverse = true});
    } else if (model.mode() == Mode::ConfirmStop) {
        say(fmt::format("stop '{}' (id {})? y / n", model.asked().name, model.asked().id),
            {.colour = Colour::Yellow, .bold = true, .reverse = true});
    } else if (model.connection() == Connection::Lost) {
        say("the daemon is gone, what is shown is old; connecting again …", problem);
    } else if (model.connection() == Connection::Silent) {
        say("the daemon does not answer, what is shown is old", problem);
    } else if (model.connection() == Connection::Connecting) {
        say("connecting to the daemon …", {});
    } else if (!notice.text.empty() && now - notice.at < (notice.is_error ? kErrorStays : kNoticeStays)) {
        const Look look{.colour = notice.is_error ? Colour::Red : Colour::Default, .bold = true};
        // A long one takes the line of the keys too: reasons stand at the end.
        const std::string text = clean_text(notice.text);
        const auto first = wrap(text, width - 2).front();
        say(first, look);
        if (first.size() == text.size()) return;
        canvas.fill({0, y + 1, width, 1});
        canvas.write({1, y + 1}, width - 2, text.substr(first.size()), look);
    }
}

void draw_help(Canvas& canvas) {
    constexpr int kWidth = 72, kKeysWidth = 22;
    const int height = static_cast<int>(kKeyHelp.size()) + 4;
    const Rect area{(canvas.size().width - kWidth) / 2, (canvas.size().height - height) / 2, kWidth, height};
    canvas.fill(area);
    canvas.frame(area, "Keys", {.colour = Colour::Yellow, .bold = true});
    int y = area.y + 1;
    for (const KeyHelp& help : kKeyHelp) {
        canvas.write({area.x + 2, y}, kKeysWidth, help.keys, {.bold = true});
        canvas.write({area.x + 3 + kKeysWidth, y}, kWidth - kKeysWidth - 5, help.meaning);
        ++y;
    }
    canvas.write({area.x + 2, y + 1}, kWidth - 4, "any key closes this", {.dim = true});
}

void draw_too_small(Canvas& canvas) {
    const Size size = canvas.size();
    const std::string text = fmt::format("kpm monit needs {}x{}, this terminal has {}x{}", kSmallest.width,
                                         kSmallest.height, size.width, size.height);
    canvas.write({std::max(0, (size.width - display_width(text)) / 2), size.height / 2}, size.width, text);
}

}  // namespace

Canvas draw(const Model& model, Size size, std::int64_t now) {
    Canvas canvas(size);
    if (size.width < kSmallest.width || size.height < kSmallest.height) {
        draw_too_small(canvas);
        return canvas;
    }
    const Places places = places_in(size);
    const auto frame = [&](Pane pane, const Rect& area, std::string_view title) {
        const bool has_focus = model.focus() == pane;
        canvas.frame(area, title, {.colour = has_focus ? Colour::Blue : Colour::Default, .bold = has_focus});
        return area.inside();
    };
    draw_list(canvas, frame(Pane::List, places.list, list_title(model)), model);
    draw_logs(canvas, frame(Pane::Logs, places.logs, logs_title(model)), model);
    draw_usage(canvas, frame(Pane::Metrics, places.usage, "Usage, Custom Metrics"), model);
    draw_metadata(canvas, frame(Pane::Metadata, places.metadata, "Metadata"), model, now);
    canvas.write({0, places.keys}, size.width, kKeyLine, {.dim = true});
    draw_status(canvas, places.status, model, now);
    if (model.mode() == Mode::Help) draw_help(canvas);
    return canvas;
}

}  // namespace kpm::cli::monit
