#include "ecosystem/read_config.h"

#include <fmt/format.h>

#include <array>
#include <map>

#include "ecosystem/read_json.h"
#include "ecosystem/read_yaml.h"
#include "ecosystem/static_site.h"
#include "ecosystem/text_file.h"

namespace kpm::ecosystem {
namespace {

enum class Format { Json, Yaml, JavaScript, TypeScript };

struct BySuffix {
    std::string_view suffix;
    Format format;
};
constexpr std::array<BySuffix, 10> kFormats{{{".json", Format::Json},
                                             {".json5", Format::Json},
                                             {".yml", Format::Yaml},
                                             {".yaml", Format::Yaml},
                                             {".config.js", Format::JavaScript},
                                             {".config.cjs", Format::JavaScript},
                                             {".config.mjs", Format::JavaScript},
                                             {".config.ts", Format::TypeScript},
                                             {".config.mts", Format::TypeScript},
                                             {".config.cts", Format::TypeScript}}};

std::optional<Format> format_of(std::string_view path) {
    for (const BySuffix& row : kFormats)
        if (path.ends_with(row.suffix)) return row.format;
    return std::nullopt;
}

constexpr const char* kStaticSection = "static";

bool is_package_json(std::string_view file) {
    return file.substr(file.find_last_of('/') + 1) == "package.json";
}

class Assembler {
public:
    explicit Assembler(const JsonDocument& document) : document_(document) {}

    Result<EcosystemFile> assemble() {
        const Json& root = document_.value;
        if (root.is_array()) {
            add_list(root, "");
        } else if (root.is_object()) {
            strict_ = root.contains("strict") && root["strict"] == true;
            if (root.contains("deploy") && root["deploy"].is_object()) file_.deploy = root["deploy"];
            if (root.contains("apps"))
                add_section("apps");
            else if (root.contains("pm2"))
                add_section("pm2");
            else if (root.contains(kStaticSection))
                add_static_sites(root[kStaticSection]);
            else if (is_package_json(document_.source.file))
                fail("", "expected a section 'apps' or 'pm2'");
            else
                add_app(root, "");
        } else {
            fail("", "expected an object with 'apps', a list of apps or one app");
        }
        if (error_) return *error_;
        return std::move(file_);
    }

private:
    void fail(const std::string& path, const std::string& reason) {
        error_ = Error{ErrorCode::Invalid, document_.source.place(path) + reason};
    }

    void add_section(const std::string& section) {
        const Json& root = document_.value;
        for (const auto& [key, value] : root.items())
            if (key != section && key != "deploy" && key != "strict" && key != kStaticSection &&
                !is_package_json(document_.source.file))
                file_.warnings.push_back(document_.source.place(key) +
                                         fmt::format("unknown section '{}' is ignored", key));
        const Json& apps = root[section];
        if (apps.is_array())
            add_list(apps, section);
        else
            add_app(apps, section);
        if (!error_ && root.contains(kStaticSection) && !is_package_json(document_.source.file))
            add_static_sites(root[kStaticSection]);
    }

    void add_static_sites(const Json& sites) {
        if (!sites.is_array()) return add_app(static_site_app(sites), kStaticSection);
        for (std::size_t i = 0; i < sites.size() && !error_; ++i)
            add_app(static_site_app(sites[i]), fmt::format("{}[{}]", kStaticSection, i));
    }

    void add_list(const Json& apps, const std::string& path) {
        for (std::size_t i = 0; i < apps.size() && !error_; ++i)
            add_app(apps[i], fmt::format("{}[{}]", path, i));
    }

    void add_app(const Json& app, const std::string& path) {
        auto parsed = parse_app(app, {.path = path, .source = &document_.source, .strict = strict_});
        if (!parsed) {
            error_ = parsed.error();
            return;
        }
        auto& warnings = parsed->warnings;
        file_.warnings.insert(file_.warnings.end(), warnings.begin(), warnings.end());
        warnings.clear();
        if (const std::string& name = parsed->config.name; !name.empty())
            if (const auto [first, is_new] = names_.emplace(name, path); !is_new)
                file_.warnings.push_back(document_.source.place(path + ".name") +
                                         fmt::format("'{}' is also the name of {}", name, first->second));
        file_.apps.push_back(*std::move(parsed));
    }

    const JsonDocument& document_;
    EcosystemFile file_;
    bool strict_ = false;
    std::map<std::string, std::string> names_;  // name -> path of the app that has it
    std::optional<Error> error_;
};

}  // namespace

bool is_config_file(std::string_view word) {
    return format_of(word).has_value();
}

Result<EcosystemFile> read_config_text(std::string_view text, std::string_view file) {
    auto document = read_json(text, file);
    if (!document) return document.error();
    return Assembler(*document).assemble();
}

Result<EcosystemFile> read_config(const std::string& path, const JsInput& input) {
    const Format format = format_of(path).value_or(Format::Json);
    auto text = read_text_file(path);
    if (!text) return text.error();
    if (format == Format::Json) return read_config_text(*text, path);
    if (format == Format::Yaml) {
        auto document = read_yaml(*text, path);
        if (!document) return document.error();
        return Assembler(*document).assemble();
    }
    if (format == Format::TypeScript)
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot read '{}': configuration in TypeScript is not supported, as in PM2; "
                                 "use .config.js, .config.mjs, .json or .yaml",
                                 path)};
    auto module = read_js(path, input);
    if (!module) return module.error();
    JsonDocument document{std::move(module->exported), {}};
    document.source.file = path;
    auto file = Assembler(document).assemble();
    if (file) file->env = std::move(module->env);
    return file;
}

}  // namespace kpm::ecosystem
