#include "render-worker/genome/genome_error.h"

#include <fmt/format.h>

namespace kpm::render {
namespace {
constexpr std::size_t kMaxQuoted = 40;
}  // namespace

std::string in_quotes(std::string_view text) {
    std::string out = "'";
    for (char c : text.substr(0, kMaxQuoted)) out += c >= ' ' && c <= '~' ? c : '?';
    out += text.size() > kMaxQuoted ? "...'" : "'";
    return out;
}

Error genome_error(std::string_view place, std::string_view reason) {
    return {ErrorCode::Invalid, fmt::format("cannot read genome: {}: {}", place, reason)};
}

}  // namespace kpm::render
