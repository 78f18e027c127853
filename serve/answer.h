#pragma once
// What a request is answered with. Looks at the disk; knows no connection.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipc/base/unique_fd.h"
#include "serve/settings.h"
#include "serve/site.h"

namespace kpm::serve {

// The parts of a request that matter here; views into the caller's.
struct Request {
    std::string_view method;
    std::string_view target;
    std::string_view authorization = "";
    std::string_view range = "";
    std::string_view if_range = "";
    std::string_view if_modified_since = "";
    std::optional<std::string_view> if_none_match;
};

struct Answer {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers;  // without Content-Length and Connection
    std::string text;                                          // the body, unless a file is
    UniqueFd file;
    std::uint64_t offset = 0;  // of the file
    std::uint64_t length = 0;

    std::uint64_t body_size() const { return file ? length : text.size(); }
    // "" when there is none.
    std::string_view header(std::string_view name) const;
};

// For HEAD the same as for GET: the caller leaves the body away.
Answer answer_to(const Request& request, const Site& site, const Settings& settings);

Answer plain_answer(unsigned status, std::string text);

}  // namespace kpm::serve
