#include "ecosystem/env_file.h"

#include <catch2/catch.hpp>

#include "ecosystem/text_file.h"
#include "temp_folder.h"

using namespace kpm;
using namespace kpm::ecosystem;

namespace {

Environment variables(std::string_view text) {
    auto env = parse_env_file(text, ".env");
    if (!env) FAIL(env.error().message);
    return *env;
}

std::string value(std::string_view text) {
    const Environment env = variables(std::string("A=") + std::string(text));
    REQUIRE_FALSE(env.empty());
    return env.front().value;
}

std::string error(std::string_view text) {
    auto env = parse_env_file(text, ".env");
    REQUIRE_FALSE(env);
    CHECK(env.error().code == ErrorCode::Invalid);
    return env.error().message;
}

}  // namespace

TEST_CASE("env file: a variable a line, in their order", "[unit][ecosystem]") {
    CHECK(variables("B=1\nA=2\n\n  C = three words  \nD=") ==
          Environment{{"B", "1"}, {"A", "2"}, {"C", "three words"}, {"D", ""}});
    CHECK(variables("").empty());
    CHECK(variables("\n\n").empty());
    CHECK(variables("A=1\r\nB=2\r\n") == Environment{{"A", "1"}, {"B", "2"}});
    CHECK(variables("\xEF\xBB\xBF"
                    "A=1") == Environment{{"A", "1"}});
    CHECK(variables("A=1\nA=2") == Environment{{"A", "2"}});
    CHECK(variables("_x.y-z9=1") == Environment{{"_x.y-z9", "1"}});
}

TEST_CASE("env file: export may stand before a name, and is one itself", "[unit][ecosystem]") {
    CHECK(variables("export A=1\nexport\tB=2\n  export  C=3") ==
          Environment{{"A", "1"}, {"B", "2"}, {"C", "3"}});
    CHECK(variables("export=1") == Environment{{"export", "1"}});
    CHECK(variables("export = 1") == Environment{{"export", "1"}});
    CHECK(variables("exported=1") == Environment{{"exported", "1"}});
}

TEST_CASE("env file: comments begin a line or follow a blank", "[unit][ecosystem]") {
    CHECK(variables("# one\n  # two\nA=1 # three\n#") == Environment{{"A", "1"}});
    CHECK(value("#fff") == "#fff");
    CHECK(value("x#y") == "x#y");
    CHECK(value("http://h/#a\t# anchor") == "http://h/#a");
    CHECK(value(" # nothing") == "");
    CHECK(value("'a' # b") == "a");
    CHECK(value("\"a # b\"#c") == "a # b");
}

TEST_CASE("env file: single quotes keep what is in them", "[unit][ecosystem]") {
    CHECK(value("''") == "");
    CHECK(value("' a  b '") == " a  b ");
    CHECK(value(R"('a\n$B "c"')") == R"(a\n$B "c")");
    CHECK(value(R"('it\'s \\ here')") == R"(it's \ here)");
}

TEST_CASE("env file: double quotes have escapes and go over lines", "[unit][ecosystem]") {
    CHECK(value(R"("a\nb\tc\r\"d\" \\ \$E \x")") == "a\nb\tc\r\"d\" \\ $E \\x");
    CHECK(value("\"it's\"") == "it's");
    CHECK(variables("A=\"one\ntwo\r\nthree\"\nB=1") == Environment{{"A", "one\ntwo\nthree"}, {"B", "1"}});
}

TEST_CASE("env file: nothing is put in for $NAME, and an inner quote is a character", "[unit][ecosystem]") {
    CHECK(variables("A=1\nB=$A ${A}\nC=\"$A\"") == Environment{{"A", "1"}, {"B", "$A ${A}"}, {"C", "$A"}});
    CHECK(value("it's") == "it's");
    CHECK(value("a=b=c") == "a=b=c");
}

TEST_CASE("env file: a bad line is an error with file and line", "[unit][ecosystem]") {
    CHECK(error("A=1\nB") == ".env:2: expected '=' after 'B', found the end of the line");
    CHECK(error("A B=1") == ".env:1: expected '=' after 'A', found 'B=1'");
    CHECK(error("\n\n1A=1") == ".env:3: expected the name of a variable, found '1A=1'");
    CHECK(error("=1") == ".env:1: expected the name of a variable, found '=1'");
    CHECK(error("A: 1") == ".env:1: expected '=' after 'A', found ':'");
    CHECK(error("export 1=2") == ".env:1: expected the name of a variable, found '1=2'");
    CHECK(error("A='x\nB=1'") == ".env:1: expected the closing ' on the same line");
    CHECK(error("A=1\nB=\"x\nC=1\n") == ".env:2: expected the closing \"");
    CHECK(error("A=\"x\" y") == ".env:1: expected the end of the line after the value of 'A', found 'y'");
    CHECK(error("A=\"1\n2\" y") == ".env:2: expected the end of the line after the value of 'A', found 'y'");
    CHECK(error("A=1\rB=2\n") == ".env:1: expected a line feed after the carriage return");
    CHECK(error("A=1\nB=\xC3(") == ".env:2: expected UTF-8 text");
    CHECK(error(std::string_view("A=1\nB=x\0y", 9)) == ".env:2: expected a text without NUL");
    CHECK(error(std::string(60, 'A')) ==
          ".env:1: expected '=' after '" + std::string(40, 'A') + "…', found the end of the line");
}

TEST_CASE("env file: size and number of variables are bounded", "[unit][ecosystem]") {
    CHECK(error(std::string(kMaxConfigSize + 1, '\n')) ==
          "cannot read '.env': larger than " + std::to_string(kMaxConfigSize) + " bytes");
    std::string many;
    for (int i = 0; i <= 10'000; ++i) many += "A" + std::to_string(i) + "=\n";
    CHECK(error(many).ends_with("more than 10000 variables"));
}

TEST_CASE("env file: one that is not there is an error", "[unit][ecosystem]") {
    const TempFolder folder;
    CHECK(*read_env_file(folder.file(".env", "A=1\n")) == Environment{{"A", "1"}});
    auto env = read_env_file(folder.path() + "/none");
    REQUIRE_FALSE(env);
    CHECK(env.error().message == "cannot open '" + folder.path() + "/none': No such file or directory");
    CHECK_FALSE(read_env_file(folder.path()));
}
