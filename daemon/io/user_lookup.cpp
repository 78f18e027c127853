#include "daemon/io/user_lookup.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>

#include "ipc/base/text.h"

namespace kpm::io {
namespace {

constexpr std::size_t kLargestEntry = 1 << 20;

template <class Entry>
struct Found {
    std::vector<char> storage;
    Entry entry{};
};

// `call(entry, buffer, result)` is one of the get*_r functions, which ask for a larger buffer by ERANGE.
template <class Entry, class Call>
Result<std::optional<Found<Entry>>> find_entry(std::string_view kind, std::string_view key, Call call) {
    Found<Entry> found{std::vector<char>(1024), {}};
    while (true) {
        Entry* result = nullptr;
        const int error_number = call(&found.entry, found.storage, &result);
        if (error_number == ERANGE && found.storage.size() < kLargestEntry) {
            found.storage.resize(found.storage.size() * 2);
            continue;
        }
        // POSIX lets "no such entry" come as some errors too; these are what glibc's modules return.
        if (error_number != 0 && error_number != ENOENT && error_number != ESRCH)
            return os_error(fmt::format("look up {}", kind), key, error_number);
        if (!result) return std::optional<Found<Entry>>{};
        return std::optional<Found<Entry>>(std::move(found));
    }
}

// nullopt: not a number, or too large for one.
std::optional<id_t> number_of(std::string_view text) {
    id_t number = 0;
    if (!is_number(text)) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number == static_cast<id_t>(-1))
        return std::nullopt;
    return number;
}

Error unknown(std::string_view kind, std::string_view key, std::string_view advice = {}) {
    return {ErrorCode::NotFound, fmt::format("cannot find {} '{}': no such {}{}", kind, key, kind, advice)};
}

std::vector<gid_t> groups_of(const char* name, gid_t gid) {
    std::vector<gid_t> groups(32);
    while (true) {
        int count = static_cast<int>(groups.size());
        const bool fits = ::getgrouplist(name, gid, groups.data(), &count) >= 0;
        groups.resize(static_cast<std::size_t>(count));
        if (fits) return groups;
    }
}

}  // namespace

Result<gid_t> look_up_group(std::string_view group) {
    if (const auto number = number_of(group)) return *number;
    const std::string name(group);
    auto found =
        find_entry<::group>("group", group, [&](::group* entry, std::vector<char>& buffer, ::group** result) {
            return ::getgrnam_r(name.c_str(), entry, buffer.data(), buffer.size(), result);
        });
    if (!found) return found.error();
    if (!*found) return unknown("group", group);
    return (*found)->entry.gr_gid;
}

Result<Identity> look_up_user(std::string_view user, std::string_view group) {
    const std::string name(user);
    const auto number = number_of(user);
    auto found =
        find_entry<passwd>("user", user, [&](passwd* entry, std::vector<char>& buffer, passwd** result) {
            return number ? ::getpwuid_r(*number, entry, buffer.data(), buffer.size(), result)
                          : ::getpwnam_r(name.c_str(), entry, buffer.data(), buffer.size(), result);
        });
    if (!found) return found.error();
    Identity identity;
    if (*found) {
        const passwd& entry = (*found)->entry;
        identity = {entry.pw_uid, entry.pw_gid, {}, entry.pw_name, entry.pw_dir};
    } else if (number && !group.empty()) {
        identity.uid = *number;
    } else {
        return unknown("user", user, number ? ", name its group too" : "");
    }
    if (!group.empty()) {
        const auto gid = look_up_group(group);
        if (!gid) return gid.error();
        identity.gid = *gid;
    }
    identity.groups = identity.name.empty() ? std::vector<gid_t>{identity.gid}
                                            : groups_of(identity.name.c_str(), identity.gid);
    return identity;
}

bool is_own_identity(const Identity& identity) {
    return identity.uid == ::geteuid() && identity.gid == ::getegid();
}

}  // namespace kpm::io
