#include "render-worker/server/strike_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

namespace kpm::render {
namespace {

constexpr std::size_t kKeyDigits = 16;

template <class Number>
std::optional<Number> take_number(std::string_view& line, int base, char end) {
    const std::size_t length = std::min(line.find(end), line.size());
    Number number{};
    const auto [stop, failure] = std::from_chars(line.data(), line.data() + length, number, base);
    if (failure != std::errc{} || stop != line.data() + length) return std::nullopt;
    line.remove_prefix(std::min(length + 1, line.size()));
    return number;
}

std::optional<StrikeTable::Job> parse_line(std::string_view line) {
    if (line.find(' ') != kKeyDigits) return std::nullopt;
    const auto key = take_number<JobKey>(line, 16, ' ');
    const auto strikes = key ? take_number<std::uint32_t>(line, 10, ' ') : std::nullopt;
    const auto until = strikes ? take_number<std::uint32_t>(line, 10, '\n') : std::nullopt;
    if (!until || !line.empty() || *strikes == 0 || *strikes > StrikeTable::kMaxStrikes) return std::nullopt;
    return StrikeTable::Job{*key, *strikes, UnixTime(std::chrono::seconds(*until))};
}

bool is_forgotten(const StrikeTable::Job& job, UnixTime now) {
    // A time too far ahead is that of a clock that was wrong.
    return job.forgotten_at <= now || job.forgotten_at > now + StrikeTable::kMemory;
}

}  // namespace

StrikeTable StrikeTable::parse(std::string_view text, UnixTime now) {
    StrikeTable table;
    while (!text.empty()) {
        const std::size_t length = std::min(text.find('\n'), text.size());
        const auto job = parse_line(text.substr(0, length));
        if (job && !is_forgotten(*job, now) && !table.find(job->key, now)) table.insert(*job);
        text.remove_prefix(std::min(length + 1, text.size()));
    }
    return table;
}

std::string StrikeTable::text() const {
    std::string text;
    for (const Job& job : jobs_)
        fmt::format_to(std::back_inserter(text), "{:016x} {} {}\n", job.key, job.strikes,
                       job.forgotten_at.time_since_epoch().count());
    return text;
}

std::uint32_t StrikeTable::add(JobKey key, UnixTime now) {
    const Job* const known = find(key, now);
    const Job job{key, known ? std::min(known->strikes + 1, kMaxStrikes) : 1, now + kMemory};
    remove(key);
    insert(job);
    return job.strikes;
}

const StrikeTable::Job* StrikeTable::find(JobKey key, UnixTime now) const {
    const auto job = std::ranges::find(jobs_, key, &Job::key);
    return job == jobs_.end() || is_forgotten(*job, now) ? nullptr : &*job;
}

bool StrikeTable::remove(JobKey key) {
    return std::erase_if(jobs_, [key](const Job& job) { return job.key == key; }) > 0;
}

void StrikeTable::insert(const Job& job) {
    if (jobs_.size() == kMaxJobs) jobs_.erase(std::ranges::min_element(jobs_, {}, &Job::forgotten_at));
    jobs_.push_back(job);
}

}  // namespace kpm::render
