// What an app, or who pretends to be one, may send to NOTIFY_SOCKET: any bytes.
#include <cstdint>
#include <string_view>

#include "daemon/core/notify_message.h"
#include "ecosystem/utf8.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kpm;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto told = core::parse_notification(bytes);
    fuzz::require(told || size > core::kMaxNotification || bytes.find('\0') != std::string_view::npos,
                  "only long ones and those with a NUL are refused");
    fuzz::require(!told || size <= core::kMaxNotification, "long ones are refused");
    if (!told) return 0;
    constexpr core::Duration kYear = std::chrono::hours{8760};
    for (const auto& time : {told->interval, told->more_time})
        fuzz::require(!time || (*time >= core::Duration{0} && *time <= kYear), "times are bounded");
    fuzz::require(!told->status || ecosystem::find_invalid_utf8(*told->status) == told->status->size(),
                  "a status is UTF-8");
    fuzz::require(!told->status || bytes.find(*told->status) != std::string_view::npos,
                  "a status is what was sent");
    return 0;
}
