#include "render-worker/server/strike_table.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "render-worker/server/job_key.h"

using namespace kpm;
using namespace kpm::render;
using namespace std::chrono_literals;

namespace {

UnixTime at(std::chrono::seconds time) {
    return UnixTime(1'700'000'000s + time);
}

}  // namespace

TEST_CASE("strike table: strikes add up, and a job without a new one is forgotten", "[unit][render_server]") {
    StrikeTable table;
    CHECK(table.find(7, at(0s)) == nullptr);
    CHECK(table.add(7, at(0s)) == 1);
    CHECK(table.add(8, at(0s)) == 1);
    CHECK(table.add(7, at(60s)) == 2);
    REQUIRE(table.find(7, at(60s)) != nullptr);
    CHECK(*table.find(7, at(60s)) == StrikeTable::Job{7, 2, at(660s)});
    CHECK(table.find(8, at(600s)) == nullptr);
    CHECK(table.find(7, at(659s)) != nullptr);
    CHECK(table.find(7, at(660s)) == nullptr);
    CHECK(table.add(7, at(660s)) == 1);
    CHECK(table.remove(7));
    CHECK_FALSE(table.remove(7));
    CHECK(table.find(7, at(660s)) == nullptr);
}

TEST_CASE("strike table: it is bounded, and who would be forgotten first goes", "[unit][render_server]") {
    StrikeTable table;
    for (JobKey key = 0; key < StrikeTable::kMaxJobs; ++key)
        table.add(key, at(std::chrono::seconds(key == 5 ? 0 : key + 1)));
    table.add(1000, at(200s));
    CHECK(table.jobs().size() == StrikeTable::kMaxJobs);
    CHECK(table.find(5, at(200s)) == nullptr);
    CHECK(table.find(0, at(200s)) != nullptr);
    CHECK(table.find(1000, at(200s)) != nullptr);
}

TEST_CASE("strike table: its text is read back", "[unit][render_server]") {
    StrikeTable table;
    table.add(0xfedcba9876543210, at(0s));
    table.add(1, at(5s));
    table.add(1, at(6s));
    CHECK(table.text() == "fedcba9876543210 1 1700000600\n0000000000000001 2 1700000606\n");
    CHECK(StrikeTable::parse(table.text(), at(6s)).jobs() == table.jobs());
    CHECK(StrikeTable::parse(table.text(), at(602s)).jobs().size() == 1);
}

TEST_CASE("strike table: lines that are none are left out", "[unit][render_server]") {
    const auto jobs_in = [](const std::string& text) {
        return StrikeTable::parse(text, at(0s)).jobs().size();
    };
    CHECK(jobs_in("0000000000000001 1 1700000600\n") == 1);
    CHECK(jobs_in("0000000000000001 1 1700000600") == 1);
    for (const char* line :
         {"", "\n", "1 1 1700000600", "000000000000000g 1 1700000600", "0000000000000001 0 1700000600",
          "0000000000000001 1 1700000601", "0000000000000001 1 1700000000", "0000000000000001 -1 1700000600",
          "0000000000000001 1000001 1700000600", "0000000000000001 1", "0000000000000001 1 1700000600 x",
          "0000000000000001  1 1700000600", "0000000000000001 1 99999999999999999999"}) {
        INFO(line);
        CHECK(jobs_in(line) == 0);
        CHECK(jobs_in(std::string(line) + "\n0000000000000002 1 1700000600\n") == 1);
    }
    std::string many;
    for (int i = 0; i < 1000; ++i) many += std::to_string(1'000'000'000'000'000 + i) + " 1 1700000600\n";
    CHECK(jobs_in(many) == StrikeTable::kMaxJobs);
    CHECK(jobs_in("0000000000000001 1 1700000600\n0000000000000001 2 1700000600\n") == 1);
}

TEST_CASE("job key: everything that changes the work tells jobs apart", "[unit][render_server]") {
    const RenderTask same{.genome = "{}"};
    std::vector<RenderTask> others(14, same);
    others[0].genome = "{ }";
    others[1].request.duration = 2;
    others[2].request.note_delta = 1;
    others[3].request.note_ratio = std::pair(1.0, 2.0);
    others[4].request.velocity = 0.5;
    others[5].request.sample_rate = 16000;
    others[6].request.reverse = true;
    others[7].request.use_overtone_inharmonicity_factors = false;
    others[8].request.frequency_updates_apply_to_all = true;
    others[9].request.anti_aliasing = true;
    others[10].request.part = SignalPart{1, 2};
    others[11].request.output = OutputStage::Summed;
    others[12].request.channels = 3;
    others[13].gpu_allowed = false;
    CHECK(job_key(same) == job_key(RenderTask{.genome = "{}", .context = {{"requestId", 5}}}));
    for (std::size_t i = 0; i < others.size(); ++i)
        for (std::size_t k = 0; k < i; ++k) {
            INFO(i << " " << k);
            CHECK(job_key(others[i]) != job_key(same));
            CHECK(job_key(others[i]) != job_key(others[k]));
        }
}

TEST_CASE("job key: a genome may be an object, and its texts any bytes", "[unit][render_server]") {
    CHECK(job_key({.genome = Json{{"a", 1}, {"b", 2}}}) == job_key({.genome = Json{{"a", 1}, {"b", 2}}}));
    CHECK(job_key({.genome = Json{{"a", "\xff\xfe"}}}) != job_key({.genome = Json{{"a", "\xff"}}}));
}
