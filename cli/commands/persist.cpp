// save, resurrect, cleardump: the list that outlives the daemon.
#include <fmt/format.h>

#include <cstdlib>
#include <deque>
#include <set>
#include <vector>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/dump_rows.h"
#include "cli/module_start.h"
#include "cli/ordered_places.h"
#include "ipc/dump_store.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

// How many apps are sent to the daemon before the answer to the first is awaited.
constexpr std::size_t kWindow = 16;

bool is_forced(const CommandLine& line) {
    return line.has("force") || std::getenv("FORCE") != nullptr;
}

Result<void> write_list(const ipc::Home& home, const Json& apps) {
    return ipc::write_dump(home, apps.dump(2, ' ', false, Json::error_handler_t::replace));
}

Result<void> save(Context& context, const ProcessList& list) {
    if (context.session->is_kpm()) {
        const auto saved =
            context.session->call(ipc::method::kSave, Json::array({{{"force", is_forced(context.line)}}}));
        return saved ? Result<void>() : saved.error();
    }
    return write_list(context.home, dump_of(list.rows));
}

}  // namespace

int run_save(Context& context) {
    context.console.info("Saving current process list...");
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    if (dump_of(list->rows).empty() && !is_forced(context.line)) {
        context.console.warn("PM2 is not managing any process, skipping save...");
        context.console.warn("To force saving use: kpm save --force");
        return kDone;
    }
    if (const auto saved = save(context, *list); !saved) return context.fail(saved.error());
    context.console.info(fmt::format("Successfully saved in {}", context.home.dump().string()));
    return kDone;
}

int run_resurrect(Context& context) {
    context.console.info("Resurrecting");
    // One that a service manager has started has none yet.
    if (!context.session->is_new()) start_installed_modules(context);
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    const auto dump = ipc::read_dump(context.home);
    if (!dump) {
        // Exit code 0 as in PM2: init scripts call this on a machine where nothing was saved yet.
        context.console.error(dump.error().message);
        return print_list(context);
    }
    for (const std::string& warning : dump->warnings) context.console.warn(warning);
    context.console.info(fmt::format("Restoring processes located in {}", dump->file.string()));
    std::set<std::string> present;
    for (const ProcessRow& row : list->rows) present.insert(row.name);
    std::vector<const Json*> missing;
    std::vector<WorkedApp> processes;
    for (const Json& app : dump->apps) {
        if (!app.is_object() || present.contains(text_of(app, "name"))) continue;
        missing.push_back(&app);
        processes.push_back({text_of(app, "name"), needs_in(app)});
    }
    // Nothing of the list is left out because something else does not work.
    OrderedPlaces places(context, std::move(processes), OrderedWork::Order::DependenciesFirst, "restore",
                         OrderedWork::OnFailure::GoOn);
    struct Sent {
        std::size_t place;
        std::string script;
        ipc::Client::Ticket ticket;
    };
    std::deque<Sent> sent;
    bool good = true;
    std::size_t restored = 0;
    const auto finish_first = [&] {
        const Sent first = std::move(sent.front());
        sent.pop_front();
        const std::string what = fmt::format("restoring {}: {} of {} done", printable(first.script),
                                             restored++, dump->apps.size());
        if (const auto answer = wait_showing(context, first.ticket, what); !answer) {
            context.console.error(answer.error().message);
            good = false;
        } else {
            if (context.session->is_kpm()) context.launches.add(*answer);
            context.console.info(fmt::format("Process {} restored", printable(first.script)));
        }
        places.done(first.place);
    };
    for (;;) {
        if (const auto next = sent.size() < kWindow ? places.next() : std::nullopt) {
            const Json& app = *missing[*next];
            sent.push_back({*next, text_of(app, "pm_exec_path"),
                            context.session->client().send(ipc::method::kPrepare, Json::array({app}))});
        } else if (!sent.empty()) {
            finish_first();
        } else if (!places.wait()) {
            break;
        }
    }
    const int listed = print_list(context);
    return good ? listed : kFailed;
}

int run_cleardump(Context& context) {
    if (const auto written = write_list(context.home, Json::array()); !written)
        return context.fail(written.error());
    context.console.info(fmt::format("Successfully created {}", context.home.dump().string()));
    return kDone;
}

}  // namespace kpm::cli
