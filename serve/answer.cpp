#include "serve/answer.h"

#include <fmt/format.h>

#include "ipc/base/text.h"
#include "serve/basic_auth.h"
#include "serve/byte_range.h"
#include "serve/conditions.h"
#include "serve/mime_type.h"
#include "serve/target_path.h"

namespace kpm::serve {
namespace {

constexpr const char* kErrorPage = "404.html";

class Answerer {
public:
    Answerer(const Request& request, const Site& site, const Settings& settings)
        : request_(request), site_(site), settings_(settings) {}

    Answer answer() const {
        if (settings_.needs_password() &&
            !BasicAuth(settings_.user, settings_.password).accepts(request_.authorization)) {
            Answer refusal = plain_answer(401, "Authentication required");
            refusal.headers.emplace_back("WWW-Authenticate", "Basic realm=\"Authentication service\"");
            return refusal;
        }
        if (request_.method == "OPTIONS") return allowed(204, "");
        if (request_.method != "GET" && request_.method != "HEAD") return allowed(405, "Method Not Allowed");
        const auto target = parse_target(request_.target);
        if (!target) {
            return target.error().code == ErrorCode::Denied ? plain_answer(403, "403 Forbidden")
                                                            : plain_answer(400, "400 Bad Request");
        }
        if (target->is_hidden() && !settings_.hidden_files) return missing(*target);
        auto entry = site_.open(target->path);
        if (!entry)
            return entry.error().code == ErrorCode::NotFound ? missing(*target) : refusal(entry.error());
        if (entry->is_folder) return folder(*target, *entry);
        // "file.txt/" names nothing.
        if (target->names_folder) return missing(*target);
        return file(*std::move(entry), target->path, 200);
    }

private:
    static Answer allowed(unsigned status, std::string text) {
        Answer answer = plain_answer(status, std::move(text));
        answer.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
        return answer;
    }

    static Answer refusal(const Error& error) {
        return error.code == ErrorCode::Denied ? plain_answer(403, "403 Forbidden")
                                               : plain_answer(500, "500 Internal Server Error");
    }

    Answer folder(const TargetPath& target, const SiteEntry& entry) const {
        if (!target.names_folder && !target.path.empty()) {
            // Links in the page are relative to the folder. Built from the cleaned path: "//host" cannot come
            // out of it.
            Answer moved = plain_answer(301, "301 Moved Permanently");
            moved.headers.emplace_back("Location",
                                       fmt::format("/{}/{}", encode_path(target.path), target.query));
            return moved;
        }
        const std::string homepage =
            target.path.empty() ? settings_.homepage : target.path + "/" + settings_.homepage;
        auto page = site_.open(homepage);
        if (page && !page->is_folder) return file(*std::move(page), homepage, 200);
        if (!settings_.listings || !entry.fd) return missing(target);
        auto entries = site_.list(entry);
        if (!entries) return refusal(entries.error());
        Answer answer = plain_answer(200, listing_page(target.path, *std::move(entries)));
        answer.headers[0].second = "text/html; charset=utf-8";
        return answer;
    }

    Answer missing(const TargetPath& target) const {
        if (settings_.single_page) {
            // As PM2: a page deep in the application asks for "app.js" beside itself and means the one in the
            // served folder.
            const std::string beside(target.last_part());
            const bool is_hidden = beside.starts_with('.') && !settings_.hidden_files;
            if (!beside.empty() && beside != target.path && !is_hidden && !target.is_hidden()) {
                auto entry = site_.open(beside);
                if (entry && !entry->is_folder) return file(*std::move(entry), beside, 200);
            }
            auto page = site_.open(settings_.homepage);
            if (page && !page->is_folder) return file(*std::move(page), settings_.homepage, 200);
        }
        auto page = site_.open(kErrorPage);
        if (page && !page->is_folder) return file(*std::move(page), kErrorPage, 404);
        return plain_answer(404, "404 Not Found");
    }

    Answer file(SiteEntry entry, const std::string& path, unsigned status) const {
        const std::string etag = make_etag(entry.size, entry.modified);
        const std::time_t modified = entry.modified.tv_sec;
        const Conditions conditions{request_.if_none_match, request_.if_modified_since, request_.if_range};
        Answer answer = plain_answer(status, "");
        answer.headers[0].second = mime_type(path);
        answer.length = entry.size;
        answer.file = std::move(entry.fd);
        if (status != 200) return answer;
        answer.headers.emplace_back("ETag", etag);
        answer.headers.emplace_back("Last-Modified", http_date(modified));
        answer.headers.emplace_back("Accept-Ranges", "bytes");
        if (is_unchanged(conditions, etag, modified)) {
            answer.status = 304;
            answer.file.reset();
            return answer;
        }
        if (request_.method == "HEAD" || !range_applies(conditions, etag, modified)) return answer;
        const ByteRange range = parse_range(request_.range, entry.size);
        if (range.kind == ByteRange::Kind::Unsatisfiable) {
            answer = plain_answer(416, "416 Range Not Satisfiable");
            answer.headers.emplace_back("Content-Range", fmt::format("bytes */{}", entry.size));
        } else if (range.kind == ByteRange::Kind::Part) {
            answer.status = 206;
            answer.offset = range.offset;
            answer.length = range.length;
            answer.headers.emplace_back(
                "Content-Range",
                fmt::format("bytes {}-{}/{}", range.offset, range.offset + range.length - 1, entry.size));
        }
        return answer;
    }

    const Request& request_;
    const Site& site_;
    const Settings& settings_;
};

}  // namespace

std::string_view Answer::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (lower(key) == lower(name)) return value;
    }
    return "";
}

Answer plain_answer(unsigned status, std::string text) {
    Answer answer;
    answer.status = status;
    answer.text = std::move(text);
    answer.headers = {{"Content-Type", "text/plain"},
                      {"Access-Control-Allow-Origin", "*"},
                      {"Access-Control-Allow-Methods", "GET"}};
    return answer;
}

Answer answer_to(const Request& request, const Site& site, const Settings& settings) {
    return Answerer(request, site, settings).answer();
}

}  // namespace kpm::serve
