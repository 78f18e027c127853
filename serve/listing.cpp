#include "serve/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "serve/target_path.h"

namespace kpm::serve {
namespace {

std::string size_text(std::uint64_t size) {
    if (size < 1024) return fmt::format("{} B", size);
    double value = static_cast<double>(size);
    const char* unit = "";
    for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
        if (value < 1024) break;
        value /= 1024;
        unit = next;
    }
    return fmt::format("{:.1f} {}", value, unit);
}

std::string time_text(std::time_t time) {
    std::tm utc{};
    if (gmtime_r(&time, &utc) == nullptr) return "";
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min);
}

std::string row(const FolderEntry& entry) {
    const char* slash = entry.is_folder ? "/" : "";
    // "./" keeps a name like "javascript:x" from being an address of its own.
    return fmt::format("<tr><td><a href=\"./{}{}\">{}{}</a></td><td>{}</td><td>{}</td></tr>\n",
                       encode_path(entry.name), slash, escape_html(entry.name), slash,
                       entry.is_folder ? "" : size_text(entry.size), time_text(entry.modified));
}

}  // namespace

std::string escape_html(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

std::string listing_page(std::string_view path, std::vector<FolderEntry> entries) {
    std::ranges::sort(entries, {}, [](const FolderEntry& entry) {
        return std::tuple(!entry.is_folder, std::string_view(entry.name));
    });
    const std::string title = "Index of /" + escape_html(path);
    std::string page = fmt::format(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{0}</title>\n"
        "<style>body{{font-family:sans-serif;margin:2em}}td,th{{text-align:left;padding:.2em 1.5em .2em 0}}"
        "</style></head>\n<body><h1>{0}</h1>\n<table>\n"
        "<tr><th>Name</th><th>Size</th><th>Last Modified</th></tr>\n",
        title);
    if (!path.empty()) page += "<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n";
    for (const FolderEntry& entry : entries) page += row(entry);
    return page + "</table></body></html>\n";
}

}  // namespace kpm::serve
