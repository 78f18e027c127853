#include "ipc/base/user.h"

#include <pwd.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

using namespace kpm;

TEST_CASE("users: are those of the C library", "[integration][user]") {
    const passwd* const self = ::getpwuid(::geteuid());
    REQUIRE(self);
    const std::string name = self->pw_name;
    const auto by_uid = find_user(::geteuid());
    const auto by_name = find_user(name);
    for (const auto& user : {by_uid, by_name}) {
        REQUIRE(user);
        CHECK(user->name == name);
        CHECK(user->directory == self->pw_dir);
        CHECK(user->uid == self->pw_uid);
        CHECK(user->gid == self->pw_gid);
    }
}

TEST_CASE("users: one that nobody knows, whatever its name looks like", "[integration][user]") {
    CHECK_FALSE(find_user(uid_t{2'111'222'333}));
    for (const char* name : {"no-such-user", "", "-x", "--help", "a:b"})
        CHECK_FALSE(find_user(std::string(name)));
}

TEST_CASE("users: getent is asked for those who are not in the file", "[integration][user]") {
    const TempDir folder;
    const auto program = folder.path() / "getent";
    std::ofstream(program)
        << "#!/bin/sh\n[ \"$*\" = \"passwd -- endless\" ] && printf 'endless:%40000d\\n' 1\n"
           "[ \"$*\" = \"passwd -- ann-of-ldap\" ] || exit 2\n"
           "echo 'ann-of-ldap:*:4242:4343:Ann:/home/ann:/bin/sh'\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    const std::string before = std::getenv("PATH");
    ::setenv("PATH", (folder.path().string() + ":" + before).c_str(), 1);
    const auto user = find_user(std::string("ann-of-ldap"));
    const auto other = find_user(std::string("ann"));
    const auto too_long = find_user(std::string("endless"));
    ::setenv("PATH", folder.path().c_str(), 1);
    std::filesystem::remove(program);
    const auto without = find_user(std::string("ann-of-ldap"));
    ::setenv("PATH", before.c_str(), 1);
    REQUIRE(user);
    CHECK(user->uid == 4242);
    CHECK(user->gid == 4343);
    CHECK(user->directory == "/home/ann");
    CHECK_FALSE(other);
    CHECK_FALSE(too_long);
    CHECK_FALSE(without);
}
