#include "daemon/core/line_reader.h"

#include <utility>

namespace kpm::core {

void LineReader::feed(std::string_view bytes) {
    text_.erase(0, taken_);
    searched_ -= std::exchange(taken_, 0);
    if (is_far_too_large(text_.size() + bytes.size())) text_.shrink_to_fit();
    text_ += bytes;
}

// A long line has needed it, and its sender may send no other.
bool LineReader::is_far_too_large(std::size_t size) const {
    return text_.capacity() > kMostKept && size < text_.capacity() / 4;
}

std::optional<std::string_view> LineReader::next() {
    const std::size_t end = text_.find('\n', searched_);
    if (end == std::string::npos) {
        searched_ = text_.size();
        if (taken_ == text_.size() && is_far_too_large(0)) {
            text_.clear();
            text_.shrink_to_fit();
            taken_ = searched_ = 0;
        }
        return std::nullopt;
    }
    const auto line = std::string_view(text_).substr(taken_, end - taken_);
    taken_ = searched_ = end + 1;
    return line;
}

}  // namespace kpm::core
