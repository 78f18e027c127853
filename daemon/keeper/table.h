#pragma once
// Records by a 64-bit key: open addressing, linear probing, deletion by shifting back (Knuth, TAOCP 6.4,
// algorithm R), so that nothing piles up over years. Holds pointers and owns none of them. Own code because
// the keeper links libc only. Out of memory is an answer, never an end.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

namespace kpm::keeper {

// nullptr when there is no memory.
template <class T>
T* make() {
    void* memory = std::malloc(sizeof(T));
    return memory ? new (memory) T{} : nullptr;
}

template <class T>
void destroy(T* record) {
    if (!record) return;
    record->~T();
    std::free(record);
}

template <class T>
class Table {
public:
    Table() = default;
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;
    ~Table() { std::free(slots_); }

    // Makes room for so many more records; false = no memory.
    bool reserve(std::size_t more = 1) {
        if ((count_ + more) * 4 <= capacity_ * 3) return true;
        std::size_t wider = capacity_ ? capacity_ * 2 : 64;
        while ((count_ + more) * 4 > wider * 3) wider *= 2;
        auto* fresh = static_cast<Slot*>(std::calloc(wider, sizeof(Slot)));
        if (!fresh) return false;
        Slot* old = std::exchange(slots_, fresh);
        const std::size_t old_capacity = std::exchange(capacity_, wider);
        count_ = 0;
        for (std::size_t i = 0; i < old_capacity; ++i)
            if (old[i].record) insert(old[i].key, old[i].record);
        std::free(old);
        return true;
    }

    // Only after a reserve() that was granted, and only a key that is not there yet.
    void insert(std::uint64_t key, T* record) {
        std::size_t i = home_of(key);
        while (slots_[i].record) i = next(i);
        slots_[i] = {key, record};
        ++count_;
    }

    T* find(std::uint64_t key) const {
        if (!capacity_) return nullptr;
        for (std::size_t i = home_of(key); slots_[i].record; i = next(i))
            if (slots_[i].key == key) return slots_[i].record;
        return nullptr;
    }

    void erase(std::uint64_t key) {
        if (!capacity_) return;
        std::size_t hole = home_of(key);
        while (slots_[hole].record && slots_[hole].key != key) hole = next(hole);
        if (!slots_[hole].record) return;
        --count_;
        for (std::size_t i = next(hole); slots_[i].record; i = next(i)) {
            const std::size_t home = home_of(slots_[i].key);
            if (((i - home) & (capacity_ - 1)) < ((i - hole) & (capacity_ - 1))) continue;
            slots_[hole] = slots_[i];
            hole = i;
        }
        slots_[hole] = {};
    }

    std::size_t count() const { return count_; }

    // For walks: at(0 … capacity() - 1) is a record or nullptr, stable as long as nothing is inserted or
    // erased.
    std::size_t capacity() const { return capacity_; }
    T* at(std::size_t index) const { return slots_[index].record; }

private:
    struct Slot {
        std::uint64_t key;
        T* record;
    };

    // Fibonacci hashing: keys are counters and pids, which differ in their low bits.
    std::size_t home_of(std::uint64_t key) const {
        return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15u) >> 32) & (capacity_ - 1);
    }
    std::size_t next(std::size_t index) const { return (index + 1) & (capacity_ - 1); }

    Slot* slots_ = nullptr;
    std::size_t capacity_ = 0;  // a power of two
    std::size_t count_ = 0;
};

}  // namespace kpm::keeper
