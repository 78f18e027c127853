#pragma once
// Bytes of a stream in any chunking -> lines. Bounded: a line longer than the limit ends the reading, because
// whoever sends it would have it all kept. Pure.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kpm::core {

class LineReader {
public:
    static constexpr std::size_t kMostKept = std::size_t{256} << 10;  // bytes of memory, with little in it

    explicit LineReader(std::size_t limit) : limit_(limit) {}

    void feed(std::string_view bytes);
    // The next whole line without its end; valid until the next call. nullopt: there is none yet.
    std::optional<std::string_view> next();
    // A line is longer than the limit: what came before it can still be taken.
    bool is_overlong() const { return text_.size() - taken_ > limit_ && searched_ == text_.size(); }
    // Bytes of memory that it holds.
    std::size_t capacity() const { return text_.capacity(); }

private:
    bool is_far_too_large(std::size_t size) const;

    std::size_t limit_;
    std::string text_;
    std::size_t taken_ = 0;     // bytes of text_ that have been given out
    std::size_t searched_ = 0;  // bytes of text_ after taken_ that hold no line end
};

}  // namespace kpm::core
