#pragma once
// libcurl, loaded when the first genome is fetched: it brings some thirty libraries, three times the memory
// of the rest of an idle worker, and most workers fetch nothing. Names and types are libcurl's
// (libcurl-easy(3)).

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "ipc/base/result.h"

namespace kpm::render {

struct CurlLibrary {
    decltype(&curl_global_init) global_init = nullptr;
    decltype(&curl_easy_init) init = nullptr;
    decltype(&curl_easy_setopt) setopt = nullptr;
    decltype(&curl_easy_perform) perform = nullptr;
    decltype(&curl_easy_getinfo) getinfo = nullptr;
    decltype(&curl_easy_strerror) strerror = nullptr;
    decltype(&curl_easy_cleanup) cleanup = nullptr;

    // Loaded once, then the same for all threads; stays until the program ends. Errors: it is not installed,
    // or not what it should be.
    static const Result<CurlLibrary>& get();
};

}  // namespace kpm::render
