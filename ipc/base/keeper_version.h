#pragma once
// The version of what kpm-keeper and kpmd say to each other, see daemon/keeper/keeper_protocol.h, which has
// its history. Here, because a kpm that puts a new kpmd under a running keeper has to know it, too.

namespace kpm {

inline constexpr int kKeeperVersion = 4;
inline constexpr int kUntoldKeeperVersion = 4;  // of daemons that do not tell it in `kpm.hello`

}  // namespace kpm
