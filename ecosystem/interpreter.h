#pragma once
// Which program runs a script when the user did not say: by extension, then by the file's first bytes. Looks
// at the file and at PATH.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ecosystem/environment.h"
#include "ipc/base/result.h"

namespace kpm::ecosystem {

// By PM2's rule: a NUL byte or more than a tenth of odd bytes.
bool looks_binary(std::string_view first_bytes);

// `script` is an existing absolute path. "none" means that the file is executed itself. Unavailable: the
// interpreter that the extension asks for is not installed. `for_cluster`: a script whose first line asks for
// Node, as programs from npm have it, is to be one of several workers, which only Node's own arguments make
// it.
Result<std::string> choose_interpreter(const std::string& script, const Environment& env, bool for_cluster);

// What Node of that version ("v22.18.0") needs in order to run TypeScript; nullopt: it cannot.
std::optional<std::vector<std::string>> typescript_arguments(std::string_view node_version);

// The same for the Node in PATH, which is asked for its version. Unavailable: it is too old.
Result<std::vector<std::string>> typescript_arguments_of_node(const Environment& env);

// The newest of NVM's folders ("v20.1.0") that is of the version "20", "20.1" or "20.1.0". nullopt: none is.
std::optional<std::string> newest_version(const std::vector<std::string>& folders, std::string_view wanted);

// Whether it names a file from the app's folder on, not a program of PATH or a version of NVM's.
bool is_relative_path(std::string_view interpreter);

// Checks an interpreter that the user named; gives it back, "node@VERSION" as the path of NVM's newest such
// binary.
Result<std::string> check_interpreter(const std::string& interpreter, const Environment& env);

}  // namespace kpm::ecosystem
