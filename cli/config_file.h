#pragma once
// Acting on the apps of a configuration file, or of one on standard input ("-").

#include <string>

#include "cli/actions.h"

namespace kpm::cli {

enum class FileAction {
    Start,   // restart what runs, start the rest
    Reload,  // reload what runs, start the rest
    Stop,
    Delete,
};

// kDone or kFailed; prints all but the list.
int act_on_file(Context& context, const std::string& word, FileAction action);

}  // namespace kpm::cli
