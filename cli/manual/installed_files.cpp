#include "cli/completion_script.h"
#include "cli/manual/manuals.h"
#include "cli/startup/service.h"

namespace kpm::cli {

std::string cli_page() {
    return "# The command line\n\nMade of the tables that `--help` is made of; as `man kpm`, `man "
           "kpm-runtime` and `man kpm-dev`, too.\n"
           "Configuration files: [`config.md`](config.md). Where kpm differs from PM2:\n"
           "[`pm2-differences.md`](pm2-differences.md).\n\n" +
           to_markdown(kpm_manual()) + "\n" + to_markdown(runtime_manual()) + "\n" +
           to_markdown(dev_manual());
}

std::vector<InstalledFile> installed_files(const std::string& prefix) {
    std::vector<InstalledFile> files;
    for (const Manual& manual :
         {kpm_manual(), runtime_manual(), dev_manual(), daemon_manual(), keeper_manual()}) {
        const std::string number = std::to_string(manual.number);
        files.push_back(
            {"man/man" + number + "/" + manual.name + "." + number, to_roff(manual, KPM_VERSION)});
    }
    files.push_back({"bash-completion/completions/kpm", completion_file(Shell::Bash)});
    files.push_back({"zsh/_kpm", completion_file(Shell::Zsh)});
    files.push_back({"fish/vendor_completions.d/kpm.fish", completion_file(Shell::Fish)});
    const Service any{.kpm = prefix + "/bin/kpm",
                      .keeper = prefix + "/libexec/kpm/kpm-keeper",
                      .daemon = prefix + "/libexec/kpm/kpmd",
                      .path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
    files.push_back({"systemd/kpm@.service", systemd_template(any)});
    return files;
}

}  // namespace kpm::cli
