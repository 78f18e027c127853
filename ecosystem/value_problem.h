#pragma once
// What is wrong with a value of the configuration, and where in it.

#include <string>

namespace kpm::ecosystem {

struct ValueProblem {
    std::string inside;  // ".readiness.interval" of a value that is an object, "" = the value itself
    std::string text;    // "expected a number, found \"many\""
};

}  // namespace kpm::ecosystem
