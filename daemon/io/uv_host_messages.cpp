// The UvHost's part that speaks with processes: over their message channels and to their standard input.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "daemon/io/uv_host.h"

namespace kpm::io {

void UvHost::open_messages(Child& child, UniqueFd socket) {
    if (!socket) return;  // nobody is at its other end
    auto opened = MessageChannel::open(
        loop_, std::move(socket),
        {.on_message = [this, key = child.key](Json message) { callbacks_.message(key, std::move(message)); },
         .on_gone =
             [this, token = child.key.incarnation](const std::string&) {
                 if (Child* one = find(token)) one->messages.reset();
             }});
    if (!opened) return log(opened.error().message);
    child.messages = std::move(*opened);
}

Result<void> UvHost::send_message(const core::AppKey& key, const Json& message) {
    Child* child = find(key);
    if (child && child->is_worker && child->is_node) {
        plane_.say_to_node(worker_of(key), core::node::app_line(message));
        return {};
    }
    if (!child || !child->messages)
        return Error{ErrorCode::NotFound,
                     fmt::format("cannot send 'message': process {} has no message channel", key.pm_id)};
    return child->messages->send(message);
}

// Through /proc: nobody but the process itself holds its stdin (see set_up_child), because a descriptor for
// each process, here and in the keeper, is dear for what is so seldom written to. One is held only while the
// process has not read all.
Result<void> UvHost::write_input(const core::AppKey& key, std::string_view text) {
    const Error no_input{ErrorCode::NotFound,
                         fmt::format("cannot write to 'process {}': it has no input", key.pm_id)};
    Child* child = find(key);
    if (!child || child->pid == 0) return no_input;
    if (child->input) return child->input->write(text);
    UniqueFd in(::open(fmt::format("/proc/{}/fd/0", child->pid).c_str(),
                       O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!in && errno == EACCES) return os_error("write to", fmt::format("process {}", child->pid), EACCES);
    struct stat kind {};
    // It may have put a file or a terminal in its place: those are not written to. And the pid may have been
    // another's when it was opened.
    if (!in || ::fstat(in.get(), &kind) != 0 || !S_ISFIFO(kind.st_mode) || !open_root(*child))
        return no_input;
    auto queue = InputQueue::open(loop_, std::move(in), fmt::format("process {}", child->pid),
                                  [this, token = key.incarnation] {
                                      if (Child* one = find(token)) one->input.reset();
                                  });
    if (!queue) return queue.error();
    const auto written = (*queue)->write(text);
    if (!(*queue)->is_done()) child->input = *std::move(queue);
    return written;
}

}  // namespace kpm::io
