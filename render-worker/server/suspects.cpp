#include "render-worker/server/suspects.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "ipc/kpm_channel.h"

namespace kpm::render {
namespace {

constexpr std::string_view kNotePrefix = "running.";
constexpr int kLockTries = 20;
constexpr std::chrono::milliseconds kLockPause{1};
constexpr std::size_t kMaxTable = 16u << 10;  // bytes that are read; what is written is far shorter
constexpr std::size_t kMaxNote = 64;

UniqueFd open_file(const std::string& path) {
    return UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

std::string read_beginning(int fd, std::size_t most) {
    std::string text(most, '\0');
    const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

// What cannot be written (a full disk) is not remembered; the renders go on.
void write_whole(int fd, std::string_view text) {
    [[maybe_unused]] const int cut = ::ftruncate(fd, 0);
    [[maybe_unused]] const ssize_t written = ::pwrite(fd, text.data(), text.size(), 0);
}

std::optional<JobKey> noted_job(int fd) {
    const std::string text = read_beginning(fd, kMaxNote);
    unsigned long long key = 0;
    char newline = 0;
    if (std::sscanf(text.c_str(), "%16llx%c", &key, &newline) != 2 || newline != '\n') return std::nullopt;
    return JobKey{key};
}

}  // namespace

// Of the table's file; without it while alone.
class Suspects::Lock {
public:
    explicit Lock(int fd) : fd_(fd) {
        for (int i = 0; fd_ >= 0 && i < kLockTries; ++i) {
            if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) {
                held_ = true;
                return;
            }
            std::this_thread::sleep_for(kLockPause);
        }
    }
    ~Lock() {
        if (held_) ::flock(fd_, LOCK_UN);
    }
    Lock(const Lock&) = delete;
    explicit operator bool() const { return held_; }

private:
    int fd_;
    bool held_ = false;
};

Suspects::Suspects(std::string directory, std::function<UnixTime()> now)
    : directory_(std::move(directory)), now_(std::move(now)) {}

Suspects::~Suspects() {
    if (!note_) return;
    const std::string path = fmt::format("{}/{}{}", directory_, kNotePrefix, ::getpid());
    ::unlink(path.c_str());
}

UnixTime Suspects::system_time() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

Result<void> Suspects::open() {
    if (directory_.empty()) return {};
    const std::lock_guard guard(mutex_);
    const auto failed = [this](int error_number) {
        strikes_.reset();
        return os_error("use", directory_, error_number);
    };
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (error) return failed(error.value());
    strikes_ = open_file(directory_ + "/strikes");
    if (!strikes_) return failed(errno);
    const Lock lock(strikes_.get());
    // A process of this number may have left a note, which the new one would cover up.
    collect_notes(now_());
    // Locked before it has the name that others look for.
    const std::string path = fmt::format("{}/{}{}", directory_, kNotePrefix, ::getpid());
    const std::string beside = fmt::format("{}/new.{}", directory_, ::getpid());
    UniqueFd note = open_file(beside);
    if (!note || ::ftruncate(note.get(), 0) != 0 || ::flock(note.get(), LOCK_EX | LOCK_NB) != 0 ||
        ::rename(beside.c_str(), path.c_str()) != 0)
        return failed(errno);
    note_ = std::move(note);
    return {};
}

Result<void> Suspects::begin(JobKey key) {
    const std::lock_guard guard(mutex_);
    const UnixTime now = now_();
    end_running(true);
    if (const Lock lock(strikes_.get()); lock) collect_notes(now);
    const StrikeTable::Job* const job = table_.find(key, now);
    if (job && job->strikes >= kStrikesToRefuse)
        return Error{
            ErrorCode::Denied,
            fmt::format("cannot render 'genome': {} times a worker has ended over it or given it up; it is "
                        "refused for another {} s",
                        job->strikes, (job->forgotten_at - now).count())};
    was_struck_ = job != nullptr;
    running_ = key;
    if (!is_leaving_) note(fmt::format("{:016x}\n", key));
    return {};
}

void Suspects::end(bool well) {
    const std::lock_guard guard(mutex_);
    end_running(well);
}

void Suspects::end_running(bool well) {
    if (!running_) return;
    note({});
    const JobKey key = *std::exchange(running_, std::nullopt);
    if (!well || !was_struck_) return;
    const Lock lock(strikes_.get());
    if (lock) read_table(now_());
    if (table_.remove(key) && lock) write_table();
}

std::uint32_t Suspects::strike() {
    const std::lock_guard guard(mutex_);
    if (!running_) return 0;
    const JobKey key = *std::exchange(running_, std::nullopt);
    const UnixTime now = now_();
    std::uint32_t strikes = 0;
    {
        const Lock lock(strikes_.get());
        if (lock) read_table(now);
        strikes = table_.add(key, now);
        if (lock) write_table();
    }
    note({});
    return strikes;
}

void Suspects::leave() {
    const std::lock_guard guard(mutex_);
    is_leaving_ = true;
    note({});
}

void Suspects::note(std::string_view text) {
    if (note_) write_whole(note_.get(), text);
}

// Under the lock: what the dead have left becomes strikes.
void Suspects::collect_notes(UnixTime now) {
    read_table(now);
    bool changed = false;
    std::error_code error;
    for (std::filesystem::directory_iterator it(directory_, error), end; !error && it != end;
         it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (!name.starts_with(kNotePrefix)) continue;
        const UniqueFd found(::open(it->path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
        if (!found || ::flock(found.get(), LOCK_EX | LOCK_NB) != 0) continue;
        if (const auto key = noted_job(found.get())) {
            table_.add(*key, now);
            changed = true;
        }
        ::unlink(it->path().c_str());
    }
    if (changed) write_table();
}

void Suspects::read_table(UnixTime now) {
    table_ = StrikeTable::parse(read_beginning(strikes_.get(), kMaxTable), now);
}

void Suspects::write_table() {
    write_whole(strikes_.get(), table_.text());
}

std::string suspects_directory(const std::string& directory) {
    const char* const home = std::getenv("KPM_HOME");
    const char* const name = std::getenv("name");
    const bool is_managed = std::getenv(channel::kFdVariable) != nullptr && home && *home && name && *name;
    if (!directory.empty() || !is_managed) return directory;
    std::string folder(name);
    for (char& letter : folder)
        if (letter == '/') letter = '_';
    if (folder == "." || folder == "..") return {};
    return fmt::format("{}/suspects/{}", home, folder);
}

}  // namespace kpm::render
