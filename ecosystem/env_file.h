#pragma once
// Files of environment variables (.env) as dotenv tools write them. One variable a line:
//
//     # a comment, also after a value when a blank stands before the #
//     export NAME=plain value       the blanks around it are not part of it
//     NAME='as it stands'           \' and \\ are a quote and a backslash; one line
//     NAME="with \n \t \" \\ \$"    may go on over several lines
//
// Names begin with a letter or '_' and go on with these, digits, '.' and '-'. There is no interpolation:
// $OTHER stays as it stands. The last of two equal names holds. What no rule allows is an error, never
// skipped.

#include <string>
#include <string_view>

#include "ecosystem/environment.h"
#include "ipc/base/result.h"

namespace kpm::ecosystem {

// `file` is only used in messages: "/srv/.env:3: expected '=' after 'NAME', found the end of the line". Pure.
Result<Environment> parse_env_file(std::string_view text, std::string_view file);

Result<Environment> read_env_file(const std::string& path);

}  // namespace kpm::ecosystem
