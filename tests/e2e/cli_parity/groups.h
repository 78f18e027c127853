#pragma once
// The tables of the command lines that are compared, one file for each group.

#include "tests/support/cli_parity.h"

namespace kpm::test {

ParityGroup start_forms();
ParityGroup start_files();
ParityGroup targets();
ParityGroup lifecycle();
ParityGroup views();
ParityGroup logs();
ParityGroup persistence();
ParityGroup errors();

}  // namespace kpm::test
