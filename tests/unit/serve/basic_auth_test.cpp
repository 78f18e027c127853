#include "serve/basic_auth.h"

#include <catch2/catch.hpp>

namespace kpm::serve {

TEST_CASE("base64: the vectors of RFC 4648", "[unit][serve]") {
    CHECK(base64("") == "");
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    CHECK(base64("foob") == "Zm9vYg==");
    CHECK(base64("fooba") == "Zm9vYmE=");
    CHECK(base64("foobar") == "Zm9vYmFy");
    CHECK(base64("\xff\xfe") == "//4=");
}

TEST_CASE("basic auth: this user and password, no others", "[unit][serve]") {
    const BasicAuth auth("Aladdin", "open sesame");
    CHECK(auth.accepts("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    CHECK(auth.accepts("basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    for (const char* header :
         {"", "Basic", "Basic ", "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=",
          "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
          "Basic qWxhZGRpbjpvcGVuIHNlc2FtZQ=="}) {
        INFO(header);
        CHECK_FALSE(auth.accepts(header));
    }
}

}  // namespace kpm::serve
