#pragma once
// Processes, key presses and the screen of `kpm monit` for its tests.

#include <string>
#include <vector>

#include "cli/monit/monit_model.h"
#include "cli/monit/monit_view.h"

namespace kpm::cli::monit {

inline constexpr std::int64_t kNow = 1'795'496'217'447;

struct App {
    std::int64_t id = 0;
    std::string name;
    double cpu = 0;
    std::int64_t memory = 0;
    std::int64_t restarts = 0;
    std::string status = "online";
    Json metrics = Json::object();
    std::int64_t up_for = 60'000;  // ms
};

inline ProcessList list_of(const std::vector<App>& apps) {
    ProcessList list{Json::array(), {}};
    for (const App& app : apps) {
        list.data.push_back({{"pm_id", app.id},
                             {"name", app.name},
                             {"pid", 1000 + app.id},
                             {"monit", {{"cpu", app.cpu}, {"memory", app.memory}}},
                             {"pm2_env",
                              {{"status", app.status},
                               {"restart_time", app.restarts},
                               {"pm_uptime", kNow - app.up_for},
                               {"namespace", "default"},
                               {"exec_mode", "fork_mode"},
                               {"pm_exec_path", "/srv/" + app.name + ".js"},
                               {"axm_monitor", app.metrics}}}});
    }
    list.rows = read_rows(list.data);
    return list;
}

inline ProcessList three_apps() {
    return list_of({{.id = 0, .name = "web", .cpu = 3, .memory = 50 << 20},
                    {.id = 1, .name = "api", .cpu = 90, .memory = 20 << 20, .restarts = 2},
                    {.id = 2, .name = "worker", .cpu = 0, .memory = 0, .status = "stopped"}});
}

// A model that is connected and has this list.
struct Opened {
    Model model;

    explicit Opened(ProcessList list = three_apps()) {
        model.update(std::move(list));
        model.set_connection(Connection::Live, kNow);
    }
    Effect press(KeyName name) { return model.press({name}, kNow); }
    Effect type(std::u32string_view text) {
        Effect effect;
        for (const char32_t c : text) effect = model.press(Key::of(c), kNow);
        return effect;
    }
    std::string selected() const {
        const ProcessRow* row = model.apps().selected();
        return row == nullptr ? "" : row->name;
    }
    std::vector<std::string> names() const {
        std::vector<std::string> result;
        for (const ProcessRow* row : model.apps().shown()) result.push_back(row->name);
        return result;
    }
    Canvas screen(Size size = {80, 24}, std::int64_t now = kNow) const { return draw(model, size, now); }
    std::string text(Size size = {80, 24}, std::int64_t now = kNow) const {
        const Canvas canvas = screen(size, now);
        std::string result;
        for (int y = 0; y < canvas.size().height; ++y) result += canvas.row(y) + "\n";
        return result;
    }
    bool shows(std::string_view part, Size size = {80, 24}, std::int64_t now = kNow) const {
        return text(size, now).find(part) != std::string::npos;
    }
};

}  // namespace kpm::cli::monit
