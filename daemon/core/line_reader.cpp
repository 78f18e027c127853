#include "daemon/core/line_reader.h"

#include <utility>

namespace kpm::core {

void LineReader::feed(std::string_view bytes) {
    text_.erase(0, taken_);
    searched_ -= std::exchange(taken_, 0);
    text_ += bytes;
}

std::optional<std::string_view> LineReader::next() {
    const std::size_t end = text_.find('\n', searched_);
    if (end == std::string::npos) {
        searched_ = text_.size();
        return std::nullopt;
    }
    const auto line = std::string_view(text_).substr(taken_, end - taken_);
    taken_ = searched_ = end + 1;
    return line;
}

}  // namespace kpm::core
