#pragma once
// Small text functions that the standard library lacks. Pure.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpm {

std::string_view trim(std::string_view text);
// "a,b" -> {"a","b"}; empty parts are kept, an empty text gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
bool is_number(std::string_view text);  // only digits, at least one
std::string lower(std::string_view text);
// Bytes at the end of the text that are the beginning of a UTF-8 character whose rest is missing: 0 to 3.
std::size_t unfinished_utf8(std::string_view text);

// Steps from one word to the other: insert, delete, replace, swap two neighbours (optimal string alignment
// distance).
std::size_t edit_distance(std::string_view a, std::string_view b);
// The candidate that a misspelt word most likely meant; nullopt when none is near: a step for every three
// characters, and at least one.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace kpm
