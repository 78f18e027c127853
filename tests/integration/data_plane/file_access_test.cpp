// Files as another user, with that user's groups. Needs root, as kpmd does for it.
#include "daemon/io/file_access.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;

namespace {

constexpr gid_t kGroup = 54321, kOther = 54322;
constexpr uid_t kNobody = 65534;

std::vector<gid_t> groups_of_thread() {
    std::vector<gid_t> groups(static_cast<std::size_t>(::getgroups(0, nullptr)));
    REQUIRE(::getgroups(static_cast<int>(groups.size()), groups.data()) >= 0);
    return groups;
}

// This thread's, until the end of the test.
class Groups {
public:
    explicit Groups(const std::vector<gid_t>& groups) : before_(groups_of_thread()) { set(groups); }
    ~Groups() { set(before_); }

private:
    static void set(const std::vector<gid_t>& groups) {
        ::syscall(SYS_setgroups, groups.size(), groups.data());
    }
    std::vector<gid_t> before_;
};

Identity nobody_with(std::vector<gid_t> groups) {
    return {.uid = kNobody, .gid = kNobody, .groups = std::move(groups), .name = {}, .home = {}};
}

}  // namespace

TEST_CASE("file access: another user's groups take the place of one's own", "[integration][data_plane]") {
    if (::geteuid() != 0) return;  // without root it does nothing
    const TempDir folder;
    REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
    const std::string path = folder.path() / "secret";
    std::ofstream(path) << "x";
    REQUIRE(::chown(path.c_str(), 0, kGroup) == 0);
    REQUIRE(::chmod(path.c_str(), 0040) == 0);
    const auto can_read = [&] { return std::ifstream(path).is_open(); };

    const Groups own({0, kGroup});
    {
        const FileAccess as_nobody(nobody_with({kNobody, kOther}));
        CHECK_FALSE(can_read());
    }
    {
        const FileAccess as_member(nobody_with({kNobody, kGroup}));
        CHECK(can_read());
    }
    CHECK(groups_of_thread() == std::vector<gid_t>{0, kGroup});
    CHECK(can_read());
}
