#pragma once
// What a client has already (RFC 9110, 13): ETag, If-None-Match, If-Modified-Since, If-Range, and the dates
// of HTTP. Pure.

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace kpm::serve {

// By size and time of the last change, as other servers do: "1c-17b3a…".
std::string make_etag(std::uint64_t size, const timespec& modified);

std::string http_date(std::time_t time);  // Sun, 06 Nov 1994 08:49:37 GMT
// The same form only; the two that RFC 9110 calls obsolete count as no date.
std::optional<std::time_t> parse_http_date(std::string_view text);

struct Conditions {
    std::optional<std::string_view> if_none_match;
    std::string_view if_modified_since;  // "" = none
    std::string_view if_range;           // "" = none
};

// Is what the client has still good (304)? If-None-Match outweighs the date.
bool is_unchanged(const Conditions& conditions, std::string_view etag, std::time_t modified);
// May a Range header be followed, or has the file changed since the client got its first part?
bool range_applies(const Conditions& conditions, std::string_view etag, std::time_t modified);

}  // namespace kpm::serve
