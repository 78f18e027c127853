#pragma once
// Loops over blocks for processors with 256-bit registers and fused multiply-add (x86-64-v3), which the
// compiler's baseline leaves unused. A loop is written once, as a KPM_RENDER_INLINE function, and compiled
// twice: into one that is marked KPM_RENDER_WIDE, called where is_wide() says so, and into a plain one. The
// bits are the same: nothing is contracted, and std::fma is exact either way.

#if defined(__x86_64__)
#define KPM_RENDER_WIDE __attribute__((target("avx2,fma")))
#else
#define KPM_RENDER_WIDE
#endif
#define KPM_RENDER_INLINE __attribute__((always_inline)) inline

namespace kpm::render {

// Asked of the processor once.
inline bool is_wide() {
#if defined(__x86_64__)
    static const bool wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return wide;
#elif defined(__aarch64__)
    return true;
#else
    return false;
#endif
}

}  // namespace kpm::render
