#pragma once
// The users of the machine, for programs that are linked statically: getpwnam(3) of a static program loads
// the C library's modules at run time, which must then be of the very version that it was linked with.

#include <sys/types.h>

#include <optional>
#include <string>

namespace kpm {

struct User {
    std::string name;
    std::string directory;
    uid_t uid = 0;
    gid_t gid = 0;
};

// By /etc/passwd, and for those who are not in it by getent(1), which knows what the machine is configured to
// ask (LDAP, SSSD …). nullopt: there is none. Blocks for as long as that takes.
std::optional<User> find_user(uid_t uid);
std::optional<User> find_user(const std::string& name);

}  // namespace kpm
