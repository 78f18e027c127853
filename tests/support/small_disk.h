#pragma once
// A disk that can be filled up: a file system of some hundred KiB that only this test program and what it
// starts can see. As another user than root it takes a user namespace of its own for that.

#include <cstddef>
#include <filesystem>

namespace kpm::test {

class SmallDisk {
public:
    // Mounted on this folder, which is made. Throws when the system refuses.
    SmallDisk(std::filesystem::path folder, std::size_t bytes);
    ~SmallDisk();
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    // A file that leaves no room for another byte; and its removal.
    void fill() const;
    void empty() const;

    // As after an error of the disk: nothing can be made or changed any more; and the end of that.
    void make_read_only() const;
    void make_writable() const;

private:
    std::filesystem::path folder_;
};

}  // namespace kpm::test
