// Lines of a request to the file server: target, Range, If-None-Match, a date. A path never leaves the
// folder, a range never the file.

#include <cstdint>

#include "ipc/base/text.h"
#include "serve/byte_range.h"
#include "serve/conditions.h"
#include "serve/listing.h"
#include "serve/target_path.h"
#include "tests/fuzz/require.h"

using namespace kpm;
using namespace kpm::serve;

namespace {

void check_target(std::string_view text) {
    const auto target = parse_target(text);
    if (!target) return;
    fuzz::require(target->path.find('\0') == std::string::npos, "no NUL in a path");
    if (target->path.empty()) return;
    for (const std::string_view part : split(target->path, '/'))
        fuzz::require(!part.empty() && part != "." && part != "..", "only names are in a path");
    const auto again = parse_target("/" + encode_path(target->path));
    fuzz::require(again && again->path == target->path, "an encoded path is read again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    auto lines = split(text, '\n');
    lines.resize(4);
    check_target(lines[0]);
    for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, UINT64_MAX}) {
        const ByteRange range = parse_range(lines[1], length);
        fuzz::require(range.length <= length && range.offset <= length - range.length,
                      "a range is in the file");
        fuzz::require(range.kind != ByteRange::Kind::Part || range.length > 0, "a part is not empty");
    }
    is_unchanged({.if_none_match = lines[2], .if_modified_since = lines[3]}, "\"tag\"", 0);
    if (const auto date = parse_http_date(lines[3]))
        fuzz::require(parse_http_date(http_date(*date)) == date, "a date is read again");
    fuzz::require(escape_html(text).find_first_of("<>\"'") == std::string::npos, "no markup is left");
    return 0;
}
