#!/usr/bin/env python3
"""Fits the coefficients of the GPU's portable maths and writes shaders/coefficients.glsl.

Polynomials come from interpolation at Chebyshev nodes (within a factor of about two of the best polynomial), solved in
exact fractions from Taylor series, and rounded to float32 at the end. pi, 2 pi and ln 2 are split in parts of few bits,
so that a small integer times a part is exact in float32 (Cody and Waite's range reduction).
Standard library only.  fit_coefficients.py writes the file, fit_coefficients.py --check compares it and exits 1 if it differs.
"""
import math
import struct
import sys
from fractions import Fraction
from pathlib import Path

TARGET = Path(__file__).resolve().parent / "shaders" / "coefficients.glsl"
PI = Fraction(31415926535897932384626433832795028841971693993751, 10**49)
LN2 = Fraction(69314718055994530941723212145817656807550013436026, 10**50)
TERMS = 40  # of the Taylor series: the remainder is far below float32


def to_float32(value):
    return struct.unpack("f", struct.pack("f", float(value)))[0]


def literal(value):
    text = f"{to_float32(value):.9e}"
    return text + "f"


def fit(series, low, high, degree):
    """Coefficients c0 … c_degree of the polynomial that meets `series` at the Chebyshev nodes of [low, high]."""
    count = degree + 1
    nodes = []
    for k in range(count):
        node = math.cos(math.pi * (2 * k + 1) / (2 * count))
        nodes.append(Fraction((low + high) / 2 + (high - low) / 2 * node))
    rows = []
    for z in nodes:
        value = sum(c * z**k for k, c in enumerate(series))
        rows.append([z**k for k in range(count)] + [value])
    for i in range(count):  # Gauss-Jordan in exact fractions: no pivoting needed
        pivot = rows[i][i]
        rows[i] = [entry / pivot for entry in rows[i]]
        for j in range(count):
            if j != i:
                factor = rows[j][i]
                rows[j] = [a - factor * b for a, b in zip(rows[j], rows[i])]
    return [row[count] for row in rows]


def split(value, bits):
    """Parts of `bits` significant bits each, the last one with what is left in float32."""
    parts = []
    rest = value
    for _ in range(2):
        exponent = math.floor(math.log2(float(rest)))
        scale = Fraction(2) ** (bits - 1 - exponent)
        part = Fraction(math.floor(rest * scale)) / scale
        parts.append(part)
        rest -= part
    parts.append(rest)
    return parts


def render():
    factorial = math.factorial
    # sin r = r + r z S(z), z = r^2, |r| <= pi/2
    sin_series = [Fraction((-1) ** (k + 1), factorial(2 * k + 3)) for k in range(TERMS)]
    # e^r = 1 + r + r^2 E(r), |r| <= ln2/2
    exp_series = [Fraction(1, factorial(k + 2)) for k in range(TERMS)]
    # atan r = r + r z A(z), z = r^2, |r| <= tan(pi/8)
    atan_series = [Fraction((-1) ** (k + 1), 2 * k + 3) for k in range(TERMS)]
    tan_eighth = math.sqrt(2) - 1

    groups = [
        ("kSin", fit(sin_series, 0.0, (math.pi / 2) ** 2, 4)),
        ("kExp", fit(exp_series, -math.log(2) / 2, math.log(2) / 2, 4)),
        ("kAtan", fit(atan_series, 0.0, tan_eighth**2, 4)),
        ("kPiPart", split(PI, 11)),
        ("kTwoPiPart", split(2 * PI, 11)),
        ("kLn2Part", split(LN2, 15)),
    ]
    singles = [
        ("kPiRest", PI - split(PI, 11)[0]),
        ("kHalfPi", PI / 2),
        ("kQuarterPi", PI / 4),
        ("kInversePi", 1 / PI),
        ("kInverseTwoPi", 1 / (2 * PI)),
        ("kTwoOverPi", 2 / PI),
        ("kInverseLn2", 1 / LN2),
        ("kTanEighthPi", Fraction(tan_eighth)),
        ("kTanThreeEighthsPi", Fraction(math.sqrt(2) + 1)),
    ]
    lines = ["// Written by fit_coefficients.py: do not edit. Valid as GLSL ES 3.10 and as C++."]
    for name, values in groups:
        lines += [f"const float {name}{k} = {literal(value)};" for k, value in enumerate(values)]
    lines += [f"const float {name} = {literal(value)};" for name, value in singles]
    return "\n".join(lines) + "\n"


def main():
    text = render()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text() != text:
            sys.exit(f"error: '{TARGET}' is not what fit_coefficients.py writes")
        return
    TARGET.write_text(text)


if __name__ == "__main__":
    main()
