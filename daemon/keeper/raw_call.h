#pragma once
// System calls that touch no memory of the caller's but their arguments: no errno, no locks, no cancellation.
// For a child that shares the keeper's memory while the keeper goes on. 0 and up: the result; below: -errno.
// Source: the System V ABI of x86-64, A.2.1; arch/arm64/kernel/entry.S of Linux.

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <type_traits>

namespace kpm::keeper {

// Elsewhere some numbers are those of older calls, with users and groups of 16 bits.
static_assert(sizeof(long) == 8);

// Where this file does not know the processor errno is shared, and the keeper has to wait.
#if defined(__x86_64__) || defined(__aarch64__)
inline constexpr bool kLeavesErrno = true;
#else
inline constexpr bool kLeavesErrno = false;
#endif

__attribute__((always_inline)) inline long raw_call_words(long number, long a, long b, long c, long d) {
#if defined(__x86_64__)
    long result;
    register long fourth asm("r10") = d;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                 : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long call asm("x8") = number;
    register long first asm("x0") = a;
    register long second asm("x1") = b;
    register long third asm("x2") = c;
    register long fourth asm("x3") = d;
    asm volatile("svc 0" : "+r"(first) : "r"(call), "r"(second), "r"(third), "r"(fourth) : "memory");
    return first;
#else
    const long result = ::syscall(number, a, b, c, d);
    return result == -1 ? -errno : result;
#endif
}

template <class T>
__attribute__((always_inline)) inline long call_word(T value) {
    if constexpr (std::is_pointer_v<T>)
        return reinterpret_cast<long>(value);
    else
        return static_cast<long>(value);
}

template <class A = long, class B = long, class C = long, class D = long>
__attribute__((always_inline)) inline long raw_call(long number, A a = 0, B b = 0, C c = 0, D d = 0) {
    return raw_call_words(number, call_word(a), call_word(b), call_word(c), call_word(d));
}

}  // namespace kpm::keeper
