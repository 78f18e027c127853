#include "daemon/io/log_feed.h"

#include <string>
#include <utility>

namespace kpm::io {
namespace {

class Credit {
public:
    Credit(std::shared_ptr<std::atomic<std::size_t>> in_flight, std::size_t size)
        : in_flight_(std::move(in_flight)), size_(size) {
        *in_flight_ += size_;
    }
    ~Credit() { *in_flight_ -= size_; }
    Credit(const Credit&) = delete;
    Credit& operator=(const Credit&) = delete;

private:
    std::shared_ptr<std::atomic<std::size_t>> in_flight_;
    std::size_t size_;
};

}  // namespace

bool LogFeed::publish(const LogSource& source, core::LogStream stream, std::string_view text, WallTime at,
                      std::uint64_t dropped) {
    // The size of the event as well: an app that writes byte by byte must not fill the memory with empty
    // words.
    const std::size_t size = text.size() + sizeof(LogChunk);
    if (*in_flight_ + size > kMaxInFlight) return false;
    sink_(LogChunk{.source = source,
                   .stream = stream,
                   .text = std::string(text),
                   .at = at,
                   .dropped = dropped,
                   .credit = std::make_shared<const Credit>(in_flight_, size)});
    return true;
}

}  // namespace kpm::io
