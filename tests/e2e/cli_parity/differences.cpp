// The differences that kpm has on purpose, and the rows of docs/pm2-differences.md that give the reasons.
#include "tests/support/cli_parity.h"

namespace kpm::test {

std::span<const Difference> known_differences() {
    constexpr Part Exit = Part::Exit, Output = Part::Output, Errors = Part::Errors, List = Part::List,
                   Files = Part::Files;
    static constexpr Difference kDifferences[] = {
        // The process list.
        {"instances", List, R"((most|max|words) \d+: instances=\d+)",
         R"((most|max|words) \d+: instances=-?\d+)",
         "`instances` in `jlist`, with `-i max` or less than nothing"},
        {"node", List, R"(pack \d+: exec_interpreter="/.*/node")", R"(pack \d+: exec_interpreter="node")",
         "Interpreter of a folder, or of a text file without a known ending"},
        {"cron-zero", List, R"(.*cron_restart=0)", R"(.*cron_restart="0")", "`--cron 0` in `jlist`"},
        {"merge-logs", List, R"(two \d+: merge_logs=true)", "",
         "`merge_logs` of several instances, after a restart"},
        {"disable-logs", Files, R"(logs/quiet-(out|error)\.log)", "", "`disable_logs`"},
        {"watch-behind", List, R"(behind 0: watch=true)", "", "`--watch` behind `--`"},
        {"watch-behind", Output, R"(.*enabled +│)", R"(.*disabled +│)", "`--watch` behind `--`"},
        {"watch-again", List, "", R"(stay 0: watch=true)", "`start <file> --watch` of what is watched"},
        {"watch-again", Output, R"(.*disabled +│)", R"(.*enabled +│)",
         "`start <file> --watch` of what is watched"},
        {"empty-args", Output, "", R"(Use --update-env.*|.*\[tail\].*)", "`restart x --`"},
        {"empty-args", List, R"(tail \d+: (args|restart_time)=.*)", R"(tail \d+: restart_time=.*)",
         "`restart x --`"},
        {"empty-args-list", Output, R"(│ \d+ .* tail .*)", R"(│ \d+ .* tail .*)", "`restart x --`"},
        {"restored-pid", Output, R"(│.*│ N/A +│ 0 .*│ stopped .*)", R"(│.*│ 0 +│ 0 .*│ stopped .*)",
         "Pid of a stopped process that was restored"},
        {"backups", Files, R"(dump\.pm2\.bak.*)", R"(dump\.pm2\.bak.*)", "Dumps before the last"},
        // Sizes with a fraction.
        {"fraction", Exit, "1", "0", "Sizes such as `1.5G`"},
        {"fraction", Output, R"(.*Verify.*)", ".*", "Sizes such as `1.5G`"},
        {"fraction", Errors, R"(.*Verify.*)", "", "Sizes such as `1.5G`"},
        {"fraction", List, "", R"(big \d+: .*)", "Sizes such as `1.5G`"},
        {"fraction", Files, "", R"((logs|pids)/big-.*)", "Sizes such as `1.5G`"},
        {"user", Output, "", R"(.*Starting.*)", "`--uid` of a user that does not exist"},
        {"user", Errors, R"(.*no-such-user.*)", R"(.*no-such-user.*)",
         "`--uid` of a user that does not exist"},
        {"user", List, "", R"(xyz \d+: .*)", "`--uid` of a user that does not exist"},
        // Notices.
        {"changes", Output, "", R"(\[PM2\] .*: changed .*)",
         "`restart <file>`, `start <file>`, `reload <file>` of what runs"},
        {"beside-file", Errors, "", R"(.*have no effect on 'single\.json': they are for scripts)",
         "Options and `-- args` beside a file that are for scripts"},
        {"only", Errors, "", R"(.*has no app named.*)", "`--only` with a name that is not in the file"},
        {"from-stdin", Output, "", R"(\[PM2\] Applying action restartProcessId on app \[list\].*)",
         "`restart -`"},
        {"save-hint", Output, R"(.*To force saving use.*)", R"(.*To force saving use.*)", "Hints in texts"},
        {"empty-save", Files, R"(dump\.pm2.*)", R"(dump\.pm2.*)", "`save` of an empty list, without a dump"},
        {"no-dump", Output, R"(.*Restoring processes.*)", "", "`resurrect` without a dump"},
        {"no-dump", Errors, R"(.*Failed to read dump file.*)", "", "`resurrect` without a dump"},
        // Errors.
        {"interpreter", Errors, R"(.*is NOT AVAILABLE in PATH.*)", R"(.*is NOT AVAILABLE in PATH.*)",
         "Hint behind `is NOT AVAILABLE in PATH`"},
        {"option-title", Errors, R"(.*option .* argument missing)", R"(.*option .* argument missing)",
         "Names of the values in `option … argument missing` and in the help"},
        {"attribute", Output, R"(\[PM2\]\[WARN\] (Expect|Verify) .*)", "", "Wrong attributes"},
        {"attribute-text", Errors, R"(\[PM2\]\[ERROR\] (Expect|Verify) .*)",
         R"(\[PM2\]\[ERROR\] .*: expected .*)", "Wrong attributes"},
        {"attribute-crash", Output, R"(Use --update-env.*)", "", "Stack traces in errors"},
        {"attribute-crash", Errors, ".*", R"(\[PM2\]\[ERROR\] .*: expected .*)", "Stack traces in errors"},
        {"cron", Output, "", R"(\[PM2\] Starting .*)", "A wrong cron pattern"},
        {"cron", Errors, R"(.*Cron pattern error.*)", R"(.*Cron pattern error.*)", "A wrong cron pattern"},
        {"syntax", Errors, R"((?!\[PM2\]).*)", R"(.*bad\.json:1:9: .*|    .*)", "Stack traces in errors"},
        {"syntax-stdin", Errors, ".*", R"(.*File - malformated|stdin:1:9: .*|    .*)",
         "Stack traces in errors"},
        {"unknown-id", Errors, R"(Error: .*|    at .*)", R"(\d+ id unknown)", "Stack traces in errors"},
        {"scale", Errors, R"(.*Nothing to do)", R"(.*cannot scale.*)", "`scale` to what is no number"},
        {"signal-down", Exit, "0", "1", "`sendSignal` to what does not run"},
        {"signal-down", Output, "successfully.*|[│┌├└].*", "", "`sendSignal` to what does not run"},
        {"signal-down", Errors, "", "cannot signal .*", "`sendSignal` to what does not run"},
        {"signal-name", Exit, "1", "0", "`sendSignal CONT`, `sendSignal 18`"},
        {"signal-name", Output, "", "successfully.*|[│┌├└].*", "`sendSignal CONT`, `sendSignal 18`"},
        {"signal-name", Errors, "Unknown signal: .*", "", "`sendSignal CONT`, `sendSignal 18`"},
        {"leading-dashes", Exit, "0", "1", "`pm2 -- list`"},
        {"leading-dashes", Output, "[│┌├└].*", R"((usage|kpm|Files).*|\s*)", "`pm2 -- list`"},
        // Logs.
        {"namespace-tail", Output, R"(\s*)", R"(<home>/logs/.*|\d\|.*|\s*)", "`logs <namespace> --nostream`"},
        {"both-streams", Output, R"(\s*)", R"(.*talk-out\.log.*|\d\|talk.*out.*|\s*)", "`logs --out --err`"},
        {"structured-tail", Output, ".*", R"(\{.*\}|app=.*)",
         "`logs --nostream` with `--json` or `--format`"},
        // Describe.
        {"hints", Output, R"( (Use|Add) .*)", R"( Use .*)", "Hints under `describe`"},
        {"last-exit", Output, R"(\s*)", R"(\s*| Last exit | last exit: .*)",
         "`describe` of an app that has ended"},
        // The program itself.
        {"version", Output, R"(\d+\.\d+\.\d+)", R"(\d+\.\d+\.\d+)", "`--version`"},
        {"usage", Output, "(usage:|pm2 |Access ).*", "(usage:|kpm |Files ).*", "Usage and help"},
        {"suggestion", Output, ".*Command not found.*", ".*Command not found.*", "Unknown command"},
        {"help", Output, R"((?!\[PM2\]|Unknown ).*)", R"((?!\[PM2\]|Unknown ).*)", "Usage and help"},
    };
    return kDifferences;
}

std::span<const Difference> differences_everywhere() {
    static constexpr Difference kEverywhere[] = {
        {"", Part::Files, "(touch|modules|module_conf.json|agent.*)",
         R"((kpm.lock|notify|node-(agent|count|drain)\.cjs))", "Files of the home"},
        {"", Part::Output, R"(PM2 +\| .*)", R"(PM2 +\| .*)", "Lines of the daemon's own log"},
    };
    return kEverywhere;
}

}  // namespace kpm::test
