#include "daemon/io/state_log_format.h"

#include <catch2/catch.hpp>
#include <utility>
#include <vector>

using namespace kpm::io;

namespace {

std::string log_of(std::initializer_list<std::string> records) {
    std::string log(kStateLogMagic);
    for (const std::string& record : records) log += record;
    return log;
}

std::vector<std::pair<std::string, std::string>> read(StateLogReader& reader) {
    std::vector<std::pair<std::string, std::string>> records;
    while (const auto record = reader.next())
        records.emplace_back((record->is_erase ? "-" : "+") + std::string(record->key), record->value);
    return records;
}

}  // namespace

TEST_CASE("state log: what is put and erased is read in order", "[unit][state_log]") {
    const std::string binary("\0\n\xff", 3);
    const std::string log = log_of(
        {encode_put("app/1", "one"), encode_put("", ""), encode_put("app/1", binary), encode_erase("app/1")});
    StateLogReader reader(log);
    CHECK(read(reader) == std::vector<std::pair<std::string, std::string>>{
                              {"+app/1", "one"}, {"+", ""}, {"+app/1", binary}, {"-app/1", ""}});
    CHECK_FALSE(reader.is_torn());
    CHECK(reader.offset() == log.size());
}

TEST_CASE("state log: the bytes are fixed", "[unit][state_log]") {
    using namespace std::string_view_literals;
    // CRC-32 of "\1\1\0\0\0kv" as zlib has it.
    CHECK(encode_put("k", "v") == "\7\0\0\0\x0a\x61\x28\xcf\1\1\0\0\0kv"sv);
}

TEST_CASE("state log: a record cut at any byte loses only itself", "[unit][state_log]") {
    const std::string first = log_of({encode_put("a", "1"), encode_put("b", "2")});
    const std::string last = encode_put("c", "three");
    for (std::size_t kept = 0; kept < last.size(); ++kept) {
        const std::string log = first + last.substr(0, kept);
        StateLogReader reader(log);
        CHECK(read(reader).size() == 2);
        CHECK(reader.offset() == first.size());
        CHECK(reader.is_torn() == (kept > 0));
    }
}

TEST_CASE("state log: a damaged byte stops the reading before its record", "[unit][state_log]") {
    const std::string first = log_of({encode_put("a", "1")});
    const std::string last = encode_put("c", "three");
    for (std::size_t i = 0; i < last.size(); ++i) {
        std::string log = first + last;
        log[first.size() + i] = static_cast<char>(log[first.size() + i] ^ 0x40);
        StateLogReader reader(log);
        CHECK(read(reader).size() == 1);
        CHECK(reader.offset() == first.size());
        CHECK(reader.is_torn());
    }
}

TEST_CASE("state log: other bytes are no log", "[unit][state_log]") {
    for (const std::string_view bytes :
         {std::string_view(""), std::string_view("kpmlog1"), std::string_view("{\"a\": 1}")}) {
        StateLogReader reader(bytes);
        CHECK_FALSE(reader.next());
        CHECK(reader.offset() == 0);
    }
}
