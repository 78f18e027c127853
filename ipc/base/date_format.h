#pragma once
// Dates as `log_date_format` wants them: the tokens of dayjs, because PM2 takes its formats. Pure: the caller
// knows the clock and the offset of the local time.
//
// Tokens: YYYY YY · M MM MMM MMMM · D DD · d dd ddd dddd · H HH h hh · a A · m mm · s ss · SSS · Z (+02:00)
// ZZ (+0200). [text] is copied without its brackets; all else stands for itself. English names.

#include <chrono>
#include <string>
#include <string_view>

namespace kpm {

using WallTime = std::chrono::system_clock::time_point;

std::string format_date(std::string_view format, WallTime time, std::chrono::seconds utc_offset);
// "2024-05-01T12:30:00.123Z", as Date.prototype.toISOString.
std::string iso_date(WallTime time);

}  // namespace kpm
