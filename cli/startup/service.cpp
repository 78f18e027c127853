#include "cli/startup/service.h"

#include <fmt/format.h>

#include "cli/startup/quoting.h"

namespace kpm::cli {
namespace {

// In Environment= a $ is only a $; elsewhere it begins a variable and is doubled.
std::string unit_assignment(std::string_view name, std::string_view value) {
    std::string escaped;
    for (const char c : value) {
        if (c == '%') escaped += c;
        if (c == '"' || c == '\\') escaped += '\\';
        escaped += c;
    }
    return fmt::format("Environment=\"{}={}\"\n", name, escaped);
}

std::string unit_path(std::string_view path) {
    std::string escaped;
    for (const char c : path) {
        if (c == '%') escaped += c;
        escaped += c;
    }
    return escaped;
}

std::string unit_commands(std::string_view program) {
    // "-": an app that does not come up must not take the others down with it.
    return fmt::format("ExecStartPost=-{0} resurrect\nExecReload={0} reload all\nExecStop={0} kill\n",
                       unit_word(program));
}

std::string unit_end() {
    // One app that the kernel ends for its memory is one app; the default would end the service. So would an
    // end of the time for the start while the last of many saved apps come up.
    // network-online.target is no place to install to: what waits for it is still wanted by the machine.
    return "Restart=on-failure\nTimeoutStartSec=600\nKillMode=mixed\nOOMPolicy=continue\nTasksMax="
           "infinity\nLimitNOFILE=infinity\n"
           "LimitNPROC=infinity\nLimitCORE=infinity\n\n"
           "[Install]\nWantedBy=multi-user.target\n";
}

// The command as that user, by su; the environment is set in the same words, su may drop it.
std::string as_user(const Service& service, std::string_view command) {
    const std::string line = fmt::format("PATH={} KPM_HOME={} HOME={} exec {} {}", shell_word(service.path),
                                         shell_word(service.home), shell_word(service.user_directory),
                                         shell_word(service.kpm), command);
    return fmt::format("su {} -s /bin/sh -c {}", shell_word(service.user), shell_word(line));
}

// `resurrect` fails also when one app of many does not come up, which is no failure of the service; that
// there is no daemon is one.
std::string rc_functions(const Service& service) {
    return fmt::format(
        "start_kpm() {{\n    {} ||\n        {}\n}}\n\nstop_kpm() {{\n    {}\n}}\n\n"
        "reload_kpm() {{\n    {}\n}}\n",
        as_user(service, "resurrect"), as_user(service, "ping >/dev/null"), as_user(service, "kill"),
        as_user(service, "reload all"));
}

}  // namespace

std::string systemd_unit(const Service& service) {
    const char* network = service.wait_for_network ? "network-online.target" : "network.target";
    std::string text =
        fmt::format("[Unit]\nDescription=kpm process manager of {}\n", unit_path(service.user));
    if (service.wait_for_network) text += fmt::format("Wants={}\n", network);
    text += fmt::format("After={}\n\n[Service]\nType=notify\nUser={}\n", network, unit_path(service.user));
    text += unit_assignment("PATH", service.path) + unit_assignment("KPM_HOME", service.home) +
            unit_assignment("HOME", service.user_directory);
    text += fmt::format("WorkingDirectory={}\n", unit_path(service.user_directory));
    // The shell opens the log as the user. StandardOutput= would be opened by root, in a folder where the
    // user may put a link; the keeper takes the shell's place.
    const std::string command = fmt::format(
        "exec {} --home {} --daemon {} --foreground >>{} 2>&1", shell_word(service.keeper),
        shell_word(service.home), shell_word(service.daemon), shell_word(service.home + "/pm2.log"));
    text += fmt::format("ExecStart=/bin/sh -c {}\n", unit_word(command));
    return text + unit_commands(service.kpm) + unit_end();
}

std::string systemd_template(const Service& service) {
    // exec: the keeper is the process that the service manager has started and watches.
    const std::string command = fmt::format(
        "home=\"$${{KPM_HOME:-$${{PM2_HOME:-$$HOME/.kpm}}}}\"; mkdir -p -m 0700 \"$$home\" && exec {} --home "
        "\"$$home\" "
        "--daemon {} "
        "--foreground >>\"$$home/pm2.log\" 2>&1",
        unit_path(service.keeper), unit_path(service.daemon));
    return "[Unit]\nDescription=kpm process manager of %i\nDocumentation=man:kpm(1)\nAfter=network.target\n\n"
           "[Service]\nType=notify\nUser=%i\n" +
           unit_assignment("PATH", service.path) +
           fmt::format("WorkingDirectory=~\nExecStart=/bin/sh -c '{}'\n", command) +
           unit_commands(service.kpm) + unit_end();
}

std::string openrc_script(const Service& service) {
    return fmt::format(
        "#!/sbin/openrc-run\n\n"
        "name={0}\ndescription={1}\nextra_started_commands=\"reload\"\n\n"
        "depend() {{\n    need {2}\n    after firewall\n}}\n\n{3}\n"
        "start() {{\n    ebegin \"Starting $name\"\n    start_kpm\n    eend $?\n}}\n\n"
        "stop() {{\n    ebegin \"Stopping $name\"\n    stop_kpm\n    eend $?\n}}\n\n"
        "reload() {{\n    ebegin \"Reloading $name\"\n    reload_kpm\n    eend $?\n}}\n",
        shell_word(service.name), shell_word("kpm process manager of " + service.user),
        service.wait_for_network ? "net" : "localmount", rc_functions(service));
}

std::string launchd_plist(const Service& service) {
    const auto string = [](std::string_view text) { return "<string>" + xml_text(text) + "</string>"; };
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
        "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
        "<plist version=\"1.0\">\n<dict>\n"
        "  <key>Label</key>{0}\n  <key>UserName</key>{1}\n"
        "  <key>ProgramArguments</key>\n  <array>{2}{3}</array>\n"
        "  <key>EnvironmentVariables</key>\n  <dict>\n    <key>PATH</key>{4}\n    <key>KPM_HOME</key>{5}\n  "
        "</dict>\n"
        "  <key>RunAtLoad</key><true/>\n  <key>AbandonProcessGroup</key><true/>\n"
        "  <key>StandardErrorPath</key>{6}\n  <key>StandardOutPath</key>{6}\n"
        "</dict>\n</plist>\n",
        string(service.name), string(service.user), string(service.kpm), string("resurrect"),
        string(service.path), string(service.home), string(service.home + "/pm2.log"));
}

std::string sysv_script(const Service& service) {
    return fmt::format(
        "#!/bin/sh\n"
        "### BEGIN INIT INFO\n# Provides:          {0}\n# Required-Start:    $local_fs $remote_fs {1}\n"
        "# Required-Stop:     $local_fs $remote_fs {1}\n# Default-Start:     2 3 4 5\n"
        "# Default-Stop:      0 1 6\n# Short-Description: kpm process manager\n### END INIT INFO\n"
        "# chkconfig: 2345 98 02\n# description: kpm process manager\n\n{2}\n"
        "lock=/var/lock/subsys/{0}\n\n"
        "case \"$1\" in\n"
        "    start) start_kpm && {{ [ ! -d /var/lock/subsys ] || touch \"$lock\"; }} ;;\n"
        "    stop) stop_kpm && rm -f \"$lock\" ;;\n"
        "    restart) stop_kpm; start_kpm ;;\n"
        "    reload) reload_kpm ;;\n"
        "    status) {3} ;;\n"
        "    *) echo \"usage: $0 {{start|stop|restart|reload|status}}\"; exit 2 ;;\nesac\n",
        service.name, service.wait_for_network ? "$network" : "", rc_functions(service),
        as_user(service, "list"));
}

std::string freebsd_script(const Service& service) {
    return fmt::format(
        "#!/bin/sh\n\n# PROVIDE: {0}\n# REQUIRE: LOGIN{1}\n# KEYWORD: shutdown\n\n. /etc/rc.subr\n\n"
        "name={0}\nrcvar={0}_enable\nextra_commands=reload\n"
        "start_cmd=start_kpm\nstop_cmd=stop_kpm\nreload_cmd=reload_kpm\n\n{2}\n"
        "load_rc_config $name\nrun_rc_command \"$1\"\n",
        service.name, service.wait_for_network ? " NETWORKING" : "", rc_functions(service));
}

std::string openbsd_script(const Service& service) {
    return fmt::format(
        "#!/bin/ksh\n\ndaemon={0}\ndaemon_user={1}\n\n. /etc/rc.d/rc.subr\n\n{2}\n"
        "rc_bg=NO\nrc_reload=YES\npexp={3}\n\n"
        "rc_start() {{\n    start_kpm\n}}\n\nrc_stop() {{\n    stop_kpm\n}}\n\nrc_reload() {{\n    "
        "reload_kpm\n}}\n\n"
        "rc_cmd \"$1\"\n",
        shell_word(service.kpm), shell_word(service.user), rc_functions(service),
        shell_word("kpm-keeper.*" + service.home + ".*"));
}

std::string smf_manifest(const Service& service) {
    const std::string kpm = xml_text(shell_word(service.kpm));
    // As in rc_functions(). A shell of its own: SMF puts `exec` before the command.
    const std::string start = xml_text(
        "/bin/sh -c " + shell_word(fmt::format("{0} resurrect || {0} ping", shell_word(service.kpm))));
    return fmt::format(
        "<?xml version=\"1.0\"?>\n"
        "<!DOCTYPE service_bundle SYSTEM \"/usr/share/lib/xml/dtd/service_bundle.dtd.1\">\n"
        "<service_bundle type=\"manifest\" name=\"{0}\">\n"
        "  <service name=\"application/{0}\" type=\"service\" version=\"1\">\n"
        "    <create_default_instance enabled=\"false\"/>\n    <single_instance/>\n"
        "    <dependency name=\"multi-user\" grouping=\"require_all\" restart_on=\"error\" "
        "type=\"service\">\n"
        "      <service_fmri value=\"svc:/milestone/{1}\"/>\n    </dependency>\n"
        "    <method_context working_directory=\"{2}\">\n      <method_credential user=\"{3}\"/>\n"
        "      <method_environment>\n        <envvar name=\"PATH\" value=\"{4}\"/>\n"
        "        <envvar name=\"KPM_HOME\" value=\"{5}\"/>\n      </method_environment>\n    "
        "</method_context>\n"
        "    <exec_method type=\"method\" name=\"start\" exec=\"{7}\" timeout_seconds=\"60\"/>\n"
        "    <exec_method type=\"method\" name=\"stop\" exec=\"{6} kill\" timeout_seconds=\"60\"/>\n"
        "    <exec_method type=\"method\" name=\"refresh\" exec=\"{6} reload all\" timeout_seconds=\"60\"/>\n"
        "  </service>\n</service_bundle>\n",
        xml_text(service.name), service.wait_for_network ? "network" : "multi-user",
        xml_text(service.user_directory), xml_text(service.user), xml_text(service.path),
        xml_text(service.home), kpm, start);
}

}  // namespace kpm::cli
