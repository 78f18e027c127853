// Runs a fuzz target without libFuzzer:  fuzz_x CORPUS_DIR RUNS [SEED]   the corpus, then RUNS mutations of
// it
//                                        fuzz_x FILE                     one input, to see a failure again
// The same seed gives the same inputs. An input that fails is written to fuzz-failure-<target> in the working
// directory.

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxInput = 64 * 1024;
constexpr unsigned kDefaultSeed = 20240;

std::string current;
std::string failure_file;

void keep_input() {
    std::FILE* file = std::fopen(failure_file.c_str(), "wb");
    if (file == nullptr) return;
    std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
    std::fprintf(stderr, "the input (%zu bytes) is in %s:\n", current.size(), failure_file.c_str());
    for (std::size_t i = 0; i < current.size() && i < 512; ++i)
        std::fprintf(stderr, "%02x", static_cast<unsigned>(static_cast<unsigned char>(current[i])));
    std::fputc('\n', stderr);
}

void on_fatal_signal(int number) {
    std::signal(number, SIG_DFL);
    keep_input();
    std::raise(number);
}

void run(std::string input) {
    current = std::move(input);
    // Exactly sized memory, so that the sanitizer sees a read past the end.
    const std::vector<std::uint8_t> bytes(current.begin(), current.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Mutator {
public:
    Mutator(const std::vector<std::string>& corpus, unsigned seed) : corpus_(corpus), random_(seed) {}

    std::string next() {
        std::string input = corpus_[below(corpus_.size())];
        for (std::size_t steps = 1 + below(6); steps > 0; --steps) change(input);
        input.resize(std::min(input.size(), kMaxInput));
        return input;
    }

private:
    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }
    char byte() { return static_cast<char>(random_()); }

    void change(std::string& input) {
        static constexpr unsigned char kTelling[] = {0,   1,   0x7f, 0x80, 0xff, 0xc0, '"', '\\', '{', '}',
                                                     '[', ']', ',',  ':',  '/',  '*',  '-', '0',  'e', '\n'};
        const std::size_t at = below(input.size() + 1);
        const std::size_t length = below(std::min<std::size_t>(input.size() - at, 64) + 1);
        switch (below(8)) {
            case 0:
                if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
                break;
            case 1:
                if (at < input.size()) input[at] = byte();
                break;
            case 2:
                input.insert(at, 1, static_cast<char>(kTelling[below(std::size(kTelling))]));
                break;
            case 3:
                input.erase(at, length);
                break;
            case 4:
                input.insert(below(input.size() + 1), std::string(input, at, length));
                break;
            case 5:
                input.resize(at);
                break;
            case 6: {  // the head of one, the tail of another
                const std::string& other = corpus_[below(corpus_.size())];
                input = input.substr(0, at) + other.substr(below(other.size() + 1));
                break;
            }
            case 7:
                input.insert(
                    at, std::string(1 + below(300), static_cast<char>(kTelling[below(std::size(kTelling))])));
                break;
        }
    }

    const std::vector<std::string>& corpus_;
    std::mt19937 random_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s CORPUS_DIR RUNS [SEED] | FILE\n", argv[0]);
        return 2;
    }
    failure_file = "fuzz-failure-" + fs::path(argv[0]).filename().string();
    std::signal(SIGABRT, on_fatal_signal);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_set_death_callback(keep_input);
#else
    std::signal(SIGSEGV, on_fatal_signal);
#endif
    if (!fs::is_directory(argv[1])) {
        run(contents(argv[1]));
        return 0;
    }
    std::vector<fs::path> paths;
    for (const fs::directory_entry& entry : fs::directory_iterator(argv[1])) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> corpus;
    for (const fs::path& path : paths) corpus.push_back(contents(path));
    if (corpus.empty()) {
        std::fprintf(stderr, "no inputs in '%s'\n", argv[1]);
        return 2;
    }
    for (const std::string& input : corpus) run(input);
    run("");

    const unsigned long runs = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
    const unsigned seed = argc > 3 ? static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10)) : kDefaultSeed;
    Mutator mutator(corpus, seed);
    for (unsigned long i = 0; i < runs; ++i) run(mutator.next());
    std::printf("%zu inputs and %lu mutations (seed %u)\n", corpus.size(), runs, seed);
    return 0;
}
