#pragma once
// How one GPU is named by everybody: PCI address and UUID in one normal form each, so that they can be
// compared as text. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace kpm {

// "41:00.0", "00000000:41:00.0" -> "0000:41:00.0"; nullopt if it is no PCI address.
std::optional<std::string> normal_pci(std::string_view text);
// "GPU-5E2BD8C5-…" or 32 digits -> "5e2bd8c5-…"; nullopt if it is no UUID.
std::optional<std::string> normal_uuid(std::string_view text);

}  // namespace kpm
