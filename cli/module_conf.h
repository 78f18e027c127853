#pragma once
// module_conf.json: settings of modules and apps by name, PM2's file. Pure but for read and update.
//
// A key is "module:key" or "module.key"; with a dot in it the dots separate (PM2's rule), and there may be
// more levels than two. A key without either is a value of its own.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/json.h"
#include "ipc/base/result.h"
#include "ipc/home.h"

namespace kpm::cli {

class ModuleConf {
public:
    // A file that is not there is an empty one. Invalid: it is no object of JSON; it is left as it is.
    static Result<ModuleConf> read(const ipc::Home& home);
    explicit ModuleConf(Json root) : root_(std::move(root)) {}

    // Reads the file, has it changed and writes it, with no other kpm in between; gives what is in it then.
    // Nothing is written when `change` fails, or says that it has changed nothing.
    static Result<ModuleConf> update(const ipc::Home& home,
                                     const std::function<Result<bool>(ModuleConf&)>& change);

    // Denied: a value stands where a module or a level is wanted, or the other way round.
    Result<void> set(std::string_view key, std::string_view value);
    // False: there was nothing.
    bool unset(std::string_view key);  // "all": everything
    const Json* get(std::string_view key) const;
    const Json& root() const { return root_; }

private:
    Result<void> write(const ipc::Home& home) const;

    Json root_;
};

// The settings of `name` as an app of that name finds them in its environment, see
// ecosystem::settings_variables. Empty: there are none.
Json module_variables(const ModuleConf& conf, const std::string& name);

std::vector<std::string_view> key_parts(std::string_view key);

}  // namespace kpm::cli
