#pragma once
// Users and groups by name or number, through the system's databases (NSS): in kpmd, so that the keeper needs
// none. May read files or ask a directory server: for starts, not for a data path.

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/result.h"

namespace kpm::io {

struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;  // all of the user's, with gid
    std::string name;           // "" for a number that nobody has
    std::string home;           // "" likewise
};

// `group` "" = the user's own. A number without an entry is fine when its group is named too; a name is not.
Result<Identity> look_up_user(std::string_view user, std::string_view group = {});
Result<gid_t> look_up_group(std::string_view group);

// True when this process runs as that user and group already: then it needs no (and without root may do no)
// change.
bool is_own_identity(const Identity& identity);

}  // namespace kpm::io
