#pragma once
// The datagram socket whose address apps find in NOTIFY_SOCKET: one per home, held by the keeper, so that
// what is sent while kpmd is replaced waits in it.
//
// Its address is a file of the home (mode 0600): the kernel refuses other users. A kpmd of root may run apps
// as other users, who cannot enter its home: there the address is an abstract one with a random name, that
// everybody can send to. Either way the sender's pid comes from the kernel, and who belongs to no app is not
// heard.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/io/keeper_link.h"
#include "daemon/io/keeper_numbers.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"
#include "ipc/home.h"

namespace kpm::io {

// Under this number the keeper holds it.
inline constexpr std::uint64_t kNotifyOwner = keeper_numbers::kNotify.first;

enum class NotifyAddress { File, Abstract };

// Replaces what lies under the file's name: the socket of a keeper that is gone.
Result<UniqueFd> open_notify_socket(const ipc::Home& home, NotifyAddress kind);
// The one that an earlier daemon left, taken out of `kept`; empty when there is none or its file is gone.
UniqueFd inherited_notify_socket(std::vector<KeptFd>& kept);

// As NOTIFY_SOCKET has it: an absolute path, or @name.
std::string notify_address(int socket);

struct NotifyDatagram {
    pid_t pid = 0;  // 0 = of no process that can be seen from here
    uid_t uid = 0;
    std::string text;  // one byte more than kMaxNotification when it was longer than that
};

// nullopt: nothing there now. Descriptors that come with it are closed.
std::optional<NotifyDatagram> receive_notification(int socket);

}  // namespace kpm::io
