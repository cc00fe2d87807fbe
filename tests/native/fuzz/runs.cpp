// Runs against a map from strings to numbers. A zero byte ends a text and belongs to no run.
#include "text/runs.hpp"

#include <cctype>
#include <map>

#include "fuzzing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    pwdismec::Runs runs;
    std::map<std::string, std::int32_t> known;
    for (std::size_t begin = 0; begin < size;) {
        const std::size_t end = std::min(all.find('\0', begin), size);
        const std::vector<char> text(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                     all.begin() + static_cast<std::ptrdiff_t>(end));
        std::vector<std::int32_t> expected, found;
        std::string run, new_lines;
        const auto finish = [&] {
            if (run.empty()) return;
            const auto [place, is_new] = known.try_emplace(run, static_cast<std::int32_t>(known.size()));
            if (is_new) new_lines += run + '\n';
            expected.push_back(place->second);
            run.clear();
        };
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte >= 128 || byte == '_' || std::isalnum(byte))
                run += c;
            else
                finish();
        }
        finish();
        const std::size_t first = runs.size();
        runs.number({text.data(), text.size()}, found);
        EXPECT(found == expected && runs.size() == known.size());
        const std::vector<std::uint8_t> lines = runs.lines_from(first);
        EXPECT(std::string(lines.begin(), lines.end()) == new_lines);
        begin = end + 1;
    }
    return 0;
}
