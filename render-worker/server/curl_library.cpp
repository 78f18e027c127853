#include "render-worker/server/curl_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <type_traits>

namespace kpm::render {
namespace {

constexpr const char* kLibrary = "libcurl.so.4";

Error cannot_load(const char* reason) {
    return {ErrorCode::Unavailable,
            fmt::format("cannot load '{}': {}", kLibrary, reason ? reason : "unknown")};
}

Result<CurlLibrary> load() {
    void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return cannot_load(dlerror());
    CurlLibrary curl;
    const char* missing = nullptr;
    const auto find = [&](const char* name, auto& function) {
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
        if (function == nullptr) missing = name;
    };
    find("curl_global_init", curl.global_init);
    find("curl_easy_init", curl.init);
    find("curl_easy_setopt", curl.setopt);
    find("curl_easy_perform", curl.perform);
    find("curl_easy_getinfo", curl.getinfo);
    find("curl_easy_strerror", curl.strerror);
    find("curl_easy_cleanup", curl.cleanup);
    if (missing != nullptr) return cannot_load(fmt::format("it has no '{}'", missing).c_str());
    // Not safe beside other threads' calls of libcurl; who loads it is the first.
    if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return cannot_load("it cannot be initialised");
    return curl;
}

}  // namespace

const Result<CurlLibrary>& CurlLibrary::get() {
    static const Result<CurlLibrary> kLoaded = load();
    return kLoaded;
}

}  // namespace kpm::render
