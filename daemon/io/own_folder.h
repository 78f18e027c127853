#pragma once
// Where this program is, and others of kpm's beside it.

#include <string>

namespace kpm::io {

// Absolute, without a slash at its end; "" = the kernel does not tell. Also of a program whose file has been
// replaced meanwhile.
std::string own_folder();

}  // namespace kpm::io
