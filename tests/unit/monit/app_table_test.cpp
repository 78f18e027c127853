#include "cli/monit/app_table.h"

#include <catch2/catch.hpp>

#include "fixture.h"

namespace kpm::cli::monit {
namespace {

using Names = std::vector<std::string>;

Names shown(const AppTable& table) {
    Names names;
    for (const ProcessRow* row : table.shown()) names.push_back(row->name);
    return names;
}

}  // namespace

TEST_CASE("table: each order puts first what is looked for", "[unit][monit]") {
    AppTable table;
    table.update(list_of(
        {{.id = 2, .name = "b", .cpu = 5, .memory = 10, .restarts = 1, .status = "stopped", .up_for = 9'000},
         {.id = 0, .name = "c", .cpu = 9, .memory = 30, .restarts = 0, .up_for = 1'000},
         {.id = 1, .name = "a", .cpu = 7, .memory = 20, .restarts = 5, .up_for = 5'000}}));
    const std::vector<std::pair<Order, Names>> expected{
        {Order::Id, {"c", "a", "b"}},     {Order::Name, {"a", "b", "c"}},
        {Order::Cpu, {"c", "a", "b"}},    {Order::Memory, {"c", "a", "b"}},
        {Order::Uptime, {"a", "c", "b"}}, {Order::Restarts, {"a", "b", "c"}},
        {Order::Status, {"c", "a", "b"}}};
    for (const auto& [order, names] : expected) {
        INFO(order_name(order));
        CHECK(table.order() == order);
        CHECK(shown(table) == names);
        table.next_order();
    }
    CHECK(table.order() == Order::Id);
}

TEST_CASE("table: the selection follows the process", "[unit][monit]") {
    AppTable table;
    table.update(three_apps());
    table.select_by(1);
    REQUIRE(table.selected()->name == "api");
    table.next_order();
    CHECK(table.selected()->name == "api");
    CHECK(table.selected_index() == 0u);
    table.update(list_of({{.id = 5, .name = "aaa"}, {.id = 1, .name = "api"}}));
    CHECK(table.selected()->name == "api");
    CHECK(table.selected_index() == 1u);
}

TEST_CASE("table: when the selected process goes, its neighbour is selected", "[unit][monit]") {
    AppTable table;
    table.update(three_apps());
    table.select_by(1);
    CHECK(table.update(list_of({{.id = 0, .name = "web"}, {.id = 2, .name = "worker"}})) ==
          std::vector<std::int64_t>{1});
    CHECK(table.selected()->name == "worker");
    table.update(list_of({}));
    CHECK(table.selected() == nullptr);
    table.update(three_apps());
    CHECK(table.selected() != nullptr);
}

TEST_CASE("table: moves end at the ends", "[unit][monit]") {
    AppTable table;
    table.select_by(1);
    CHECK(table.selected() == nullptr);
    table.update(three_apps());
    table.select_by(1L << 40);
    CHECK(table.selected()->name == "worker");
    table.select_by(1);
    CHECK(table.selected()->name == "worker");
    table.select_by(-(1L << 40));
    CHECK(table.selected()->name == "web");
}

TEST_CASE("table: a filter ignores case and keeps a selection that it shows", "[unit][monit]") {
    AppTable table;
    table.update(three_apps());
    table.select_by(2);
    table.set_filter("WO");
    CHECK(shown(table) == Names{"worker"});
    CHECK(table.selected()->name == "worker");
    table.set_filter("nothing");
    CHECK(table.selected() == nullptr);
    CHECK(table.size() == 3);
    table.set_filter("");
    CHECK(table.selected()->name == "worker");
}

TEST_CASE("table: usage is remembered per process", "[unit][monit]") {
    AppTable table;
    for (const double cpu : {1.0, 2.0, 3.0})
        table.update(list_of({{.id = 4, .name = "x", .cpu = cpu, .memory = 7}}));
    CHECK(std::vector<double>(table.usage(4).cpu.values().begin(), table.usage(4).cpu.values().end()) ==
          std::vector<double>{1, 2, 3});
    CHECK(table.usage(4).memory.values().back() == 7);
    CHECK(table.usage(5).cpu.values().empty());
    table.update(list_of({}));
    CHECK(table.usage(4).cpu.values().empty());
}

}  // namespace kpm::cli::monit
