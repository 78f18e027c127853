#include "render-worker/server/url_fetch.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <new>

#include "render-worker/server/curl_library.h"

namespace kpm::render {
namespace {

constexpr long kMaxRedirects = 5;
constexpr const char* kSchemes = "http,https";

struct Transfer {
    const FetchLimits& limits;
    const CancelFlag& cancelled;
    std::string body;
    bool too_large = false;
};

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* user) noexcept {
    auto& transfer = *static_cast<Transfer*>(user);
    transfer.too_large = transfer.body.size() + size * count > transfer.limits.max_bytes;
    if (transfer.too_large) return 0;
    try {
        transfer.body.append(bytes, size * count);
    } catch (const std::bad_alloc&) {
        return 0;  // libcurl then gives up
    }
    return size * count;
}

int should_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
    return static_cast<Transfer*>(user)->cancelled ? 1 : 0;
}

ErrorCode code_of(CURLcode code) {
    switch (code) {
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT:
        case CURLE_TOO_MANY_REDIRECTS:
            return ErrorCode::Invalid;
        default:
            return ErrorCode::Unavailable;
    }
}

}  // namespace

Result<std::string> fetch_url(const std::string& url, const FetchLimits& limits,
                              const CancelFlag& cancelled) {
    const auto failed = [&url](ErrorCode code, std::string_view reason) {
        return Error{code, fmt::format("cannot fetch '{}': {}", url, reason)};
    };
    const Result<CurlLibrary>& library = CurlLibrary::get();
    if (!library) return failed(library.error().code, library.error().message);
    const std::unique_ptr<CURL, decltype(library->cleanup)> handle(library->init(), library->cleanup);
    if (!handle) return failed(ErrorCode::Io, "libcurl cannot be used");
    CURL* const curl = handle.get();
    Transfer transfer{limits, cancelled, {}, false};
    std::array<char, CURL_ERROR_SIZE> detail{};
    library->setopt(curl, CURLOPT_URL, url.c_str());
    library->setopt(curl, CURLOPT_PROTOCOLS_STR, kSchemes);
    library->setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, kSchemes);
    library->setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    library->setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
    library->setopt(curl, CURLOPT_NOSIGNAL, 1L);  // this is one of several threads
    library->setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.timeout.count()));
    library->setopt(curl, CURLOPT_USERAGENT, "render-worker/" KPM_VERSION);
    library->setopt(curl, CURLOPT_WRITEFUNCTION, &take);
    library->setopt(curl, CURLOPT_WRITEDATA, &transfer);
    library->setopt(curl, CURLOPT_NOPROGRESS, 0L);
    library->setopt(curl, CURLOPT_XFERINFOFUNCTION, &should_stop);
    library->setopt(curl, CURLOPT_XFERINFODATA, &transfer);
    library->setopt(curl, CURLOPT_ERRORBUFFER, detail.data());

    const CURLcode code = library->perform(curl);
    if (cancelled) return failed(ErrorCode::Unavailable, "cancelled");
    if (transfer.too_large)
        return failed(ErrorCode::Invalid, fmt::format("it is longer than {} bytes", limits.max_bytes));
    if (code == CURLE_OPERATION_TIMEDOUT)
        return failed(ErrorCode::Unavailable, fmt::format("not there after {} ms", limits.timeout.count()));
    if (code != CURLE_OK)
        return failed(code_of(code), detail[0] != '\0' ? detail.data() : library->strerror(code));
    long status = 0;
    library->getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return failed(status == 404 ? ErrorCode::NotFound : ErrorCode::Unavailable,
                      fmt::format("the server answered with status {}", status));
    return std::move(transfer.body);
}

}  // namespace kpm::render
