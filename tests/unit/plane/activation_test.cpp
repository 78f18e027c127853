#include "daemon/core/activation.h"

#include <catch2/catch.hpp>

using kpm::core::activation_variables;
using Lines = std::vector<std::string>;

TEST_CASE("activation: systemd's variables, the pid left to the keeper", "[unit][plane]") {
    CHECK(activation_variables("/usr/bin/python3", "my web", Lines{"3000", "/run/a.sock?name=admin"}, 3) ==
          Lines{"LISTEN_FDS=2", "LISTEN_FDNAMES=my_web:admin", "LISTEN_PID="});
}

TEST_CASE("activation: nginx and php-fpm get theirs in addition", "[unit][plane]") {
    CHECK(activation_variables("/usr/sbin/nginx", "w", Lines{"80", "443"}, 3).back() == "NGINX=3;4;");
    CHECK(activation_variables("php-fpm8.2", "w",
                               Lines{"127.0.0.1:9000?backlog=9", "unix:/run/f.sock", "9001"}, 3)
              .back() == "FPM_SOCKETS=127.0.0.1:9000=3,/run/f.sock=4,0.0.0.0:9001=5");
}
