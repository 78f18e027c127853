// The 13 activation functions in float32, one text for the GPU (GLSL ES 3.10 and 3.20) and for the CPU (C++).
// Only + - * /, floor, abs, min, max and casts of bits: GPUs differ in their built-in sin, exp and atan, not in these.
// PRECISE forbids the contraction of a*b+c where the language can say so. Error against double: docs/gpu.md.

// x less so many half turns, folded into [-pi/2, pi/2]. Three parts of pi make n*part exact up to n = 2^13, which is
// |x| < 25,000; beyond that the error grows with x but no faster than the spacing of float32. With a large x the rounding
// of n may miss by one near the fold, so the angle is folded once more; the last max keeps every finite x finite.
float reduced_angle(float x, float half_turns) {
    PRECISE float first = x - half_turns * kPiPart0;
    PRECISE float second = first - half_turns * kPiPart1;
    PRECISE float r = second - half_turns * kPiPart2;
    PRECISE float a = abs(r);
    PRECISE float rest = (kPiPart0 - a) + kPiRest;
    PRECISE float folded = max(min(a, rest), -kHalfPi);
    return r < 0.0f ? -folded : folded;
}

// 1 for an even n, -1 for an odd one.
float alternating_sign(float n) {
    PRECISE float half_n = n * 0.5f;
    PRECISE float s = 1.0f - 4.0f * (half_n - floor(half_n));
    return s;
}

float sine_of_reduced(float r) {
    PRECISE float z = r * r;
    PRECISE float p = kSin0 + z * (kSin1 + z * (kSin2 + z * (kSin3 + z * kSin4)));
    PRECISE float s = r + r * (z * p);
    return s;
}

float sine(float x) {
    PRECISE float n = floor(x * kInversePi + 0.5f);
    PRECISE float s = alternating_sign(n) * sine_of_reduced(reduced_angle(x, n));
    return s;
}

float cosine(float x) {
    PRECISE float n = floor(x * kInversePi);
    PRECISE float s = alternating_sign(n) * sine_of_reduced(reduced_angle(x, n + 0.5f));
    return -s;
}

// (2/pi) arcsin of sin x is the reduced angle itself, with its sign.
float triangle(float x) {
    PRECISE float n = floor(x * kInversePi + 0.5f);
    PRECISE float s = alternating_sign(n) * (reduced_angle(x, n) * kTwoOverPi);
    return s;
}

float sawtooth(float x) {
    PRECISE float n = floor(x * kInverseTwoPi + 0.5f);
    PRECISE float first = x - n * kTwoPiPart0;
    PRECISE float second = first - n * kTwoPiPart1;
    PRECISE float s = (second - n * kTwoPiPart2) * kInversePi;
    PRECISE float wrapped = s - 2.0f * floor(s * 0.5f + 0.5f);
    return wrapped;
}

float step_function(float x) { return x <= 0.0f ? -1.0f : 1.0f; }

float spike(float x) {
    PRECISE float f = floor(x);
    PRECISE float r = x - f;
    PRECISE float s = alternating_sign(f) * (1.0f - 2.0f * r);
    return s;
}

// e^-t for t >= 0; constant from t = 87 on, where the result is near the smallest normal float.
float exp_of_minus(float t) {
    PRECISE float c = min(t, 87.0f);
    PRECISE float n = floor(c * kInverseLn2 + 0.5f);
    PRECISE float a = n * kLn2Part0 - c;
    PRECISE float b = a + n * kLn2Part1;
    PRECISE float r = b + n * kLn2Part2;
    PRECISE float p = kExp0 + r * (kExp1 + r * (kExp2 + r * (kExp3 + r * kExp4)));
    PRECISE float e = 1.0f + (r + r * r * p);
    return e * float_from_bits((127 - int(n)) * 8388608);
}

float arc_tangent(float x) {
    PRECISE float a = abs(x);
    PRECISE float r = a;
    PRECISE float base = 0.0f;
    if (a > kTanThreeEighthsPi) {
        r = -1.0f / a;
        base = kHalfPi;
    } else if (a > kTanEighthPi) {
        r = (a - 1.0f) / (a + 1.0f);
        base = kQuarterPi;
    }
    PRECISE float z = r * r;
    PRECISE float p = kAtan0 + z * (kAtan1 + z * (kAtan2 + z * (kAtan3 + z * kAtan4)));
    PRECISE float s = base + (r + r * (z * p));
    return x < 0.0f ? -s : s;
}

// 2/(1+e^-4.9x) - 1, written for e^-|4.9x| so that nothing overflows.
float bipolar_sigmoid(float x) {
    PRECISE float e = exp_of_minus(abs(x) * 4.9f);
    PRECISE float s = (1.0f - e) / (1.0f + e);
    return x < 0.0f ? -s : s;
}

float plain_sigmoid(float x) {
    PRECISE float e = exp_of_minus(abs(x));
    PRECISE float numerator = x < 0.0f ? e : 1.0f;
    PRECISE float s = numerator / (1.0f + e);
    return s;
}

float gaussian(float x) {
    PRECISE float t = 2.5f * x;
    PRECISE float s = 2.0f * exp_of_minus(t * t) - 1.0f;
    return s;
}

// The numbers are those of enum Activation.
float activate(uint activation, float x) {
    switch (activation) {
        case 0u: return sine(x);
        case 1u: return sine(2.0f * x);
        case 2u: return cosine(x);
        case 3u: return arc_tangent(x);
        case 4u: return triangle(x);
        case 5u: return sawtooth(x);
        case 6u: return step_function(x);
        case 7u: return spike(x);
        case 8u: return bipolar_sigmoid(x);
        case 9u: return plain_sigmoid(x);
        case 10u: return gaussian(x);
        case 11u: return abs(x);
        default: return 0.0f;
    }
}
