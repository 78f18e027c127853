#include "cli/describe_view.h"

#include <catch2/catch.hpp>

#include "golden.h"

namespace kpm::cli {
namespace {

constexpr std::int64_t kNow = 1795496217447;
const ecosystem::Environment kSameEnvironment{{"HOME", "/home/deploy"}};

// Up to the part whose hints name the program.
std::string attributes_of(const std::string& text) {
    return text.substr(0, std::min(text.find(" Actions available "), text.find(" Divergent env")));
}

std::string described(const Json& data, std::size_t index, bool colour) {
    return describe_text(read_rows(data).at(index), kSameEnvironment, Values::Hidden, Json(), {}, kNow,
                         Terminal{.colour = colour});
}

}  // namespace

TEST_CASE("describe: the table of attributes is PM2's", "[unit][cli][describe]") {
    const Json data = golden_json("monitor_data.json");
    CHECK(attributes_of(described(data, 0, false)) == attributes_of(golden("describe_api.txt")));
    CHECK(attributes_of(described(data, 2, false)) == attributes_of(golden("describe_12.txt")));
    CHECK(attributes_of(described(data, 3, true)) == attributes_of(golden("describe_7_tty.txt")));
}

TEST_CASE("describe: what of the watched files goes unnoticed is shown", "[unit][cli][describe]") {
    Json data = golden_json("monitor_data.json");
    CHECK(described(data, 0, false).find("watched in part") == std::string::npos);
    data[0]["pm2_env"]["watch_trouble"] = "cannot watch '/srv': no more";
    const std::string text = described(data, 0, false);
    CHECK(text.find("│ watched in part ") != std::string::npos);
    CHECK(text.find(" cannot watch '/srv': no more ") != std::string::npos);
}

TEST_CASE("describe: metrics and actions of the app are shown", "[unit][cli][describe]") {
    const std::string text = described(golden_json("monitor_data.json"), 0, false);
    const std::string expected = golden("describe_api.txt");
    const auto metrics = [](const std::string& whole) {
        const std::size_t from = whole.find(" Code metrics value ");
        return whole.substr(from, whole.find(" Divergent env") - from);
    };
    CHECK(metrics(text) == metrics(expected));
    CHECK(text.find("│ refresh     │") != std::string::npos);
}

TEST_CASE("describe: what its library has read of the app's settings is shown", "[unit][cli][describe]") {
    Json data = golden_json("monitor_data.json");
    CHECK(described(data, 0, false).find("Process configuration") == std::string::npos);
    data[0]["pm2_env"]["axm_options"]["module_conf"] = {{"size", "10M"}};
    const std::string text = described(data, 0, false);
    CHECK(text.find("Process configuration\n┌──────┬─────┐\n│ size │ 10M │\n") != std::string::npos);
}

TEST_CASE("describe: variables that differ from the shell's are named, with --env all are shown",
          "[unit][cli][describe]") {
    Json data = golden_json("monitor_data.json");
    data[0]["pm2_env"]["env"]["LONG"] = std::string(100, 'x');
    data[0]["pm2_env"]["env"]["NUMBER"] = 5;
    const ecosystem::Environment local{{"HOME", "/root"}, {"NODE_ENV", "production"}};
    const auto shown = [&](Values values, int width = 300) {
        return describe_text(read_rows(data)[0], local, values, Json(), {}, kNow, Terminal{.width = width});
    };
    const std::string all = shown(Values::Shown);
    CHECK(all.find(" Env variables ") != std::string::npos);
    CHECK(all.find("│ HOME     │ /home/deploy") != std::string::npos);
    CHECK(all.find("│ NODE_ENV │ production") != std::string::npos);
    CHECK(all.find("│ NUMBER   │ 5") != std::string::npos);
    CHECK(all.find("│ LONG     │ " + std::string(100, 'x') + " │") != std::string::npos);
    CHECK(shown(Values::Shown, 130).find(std::string(69, 'x') + "… │") != std::string::npos);
    CHECK(shown(Values::Shown, 20).find(std::string(39, 'x') + "… │") != std::string::npos);
    CHECK(all.find("--env") == std::string::npos);
    const std::string names = shown(Values::Hidden);
    CHECK(names.find(" Divergent env variables from local env ") != std::string::npos);
    CHECK(names.find("│ HOME │ (hidden) │") != std::string::npos);
    CHECK(names.find("/home/deploy") == std::string::npos);
    CHECK(names.find("│ NODE_ENV │") == std::string::npos);
    CHECK(names.find("│ LONG") == std::string::npos);  // the shell has none
    CHECK(names.find("kpm describe 0 --env") != std::string::npos);
}

TEST_CASE("describe: what the app says of itself has a row, without what a terminal would obey",
          "[unit][cli][describe]") {
    Json data = golden_json("monitor_data.json");
    CHECK(described(data, 0, false).find("status text") == std::string::npos);
    data[0]["pm2_env"]["status_text"] = "3 clients\x1b[31m\nred";
    const std::string text = described(data, 0, false);
    CHECK(text.find("│ status text ") != std::string::npos);
    CHECK(text.find("3 clients") != std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("\nred") == std::string::npos);
}

TEST_CASE("describe: the balancer's counters are shown when the daemon has them", "[unit][cli][describe]") {
    const Json data = golden_json("monitor_data.json");
    const Json workers =
        Json::array({{{"pm_id", 1}, {"handed", 9}}, {{"pm_id", 0}, {"handed", 12}, {"load", 3}}});
    const std::string text =
        describe_text(read_rows(data)[0], kSameEnvironment, Values::Shown, workers, {}, kNow, Terminal{});
    CHECK(text.find(" Connections ") != std::string::npos);
    CHECK(text.find("│ handed │ 12 │") != std::string::npos);
    CHECK(described(data, 0, false).find(" Connections ") == std::string::npos);
}

}  // namespace kpm::cli
