#include "text/runs.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

#include "support/memory.hpp"

namespace pwdismec {

namespace {

constexpr std::array<bool, 256> in_runs() {
    std::array<bool, 256> is{};
    for (std::size_t byte = 0; byte < 256; ++byte)
        is[byte] = byte >= 128 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                   (byte >= 'a' && byte <= 'z') || byte == '_';
    return is;
}

constexpr auto kInRuns = in_runs();

bool is_in_run(char byte) { return kInRuns[static_cast<unsigned char>(byte)]; }

// FxHash by words of eight bytes, finished as MurmurHash's are: all that matters is speed and few collisions.
std::uint64_t hash(std::string_view run) {
    constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15;
    std::uint64_t state = run.size();
    for (std::size_t at = 0; at < run.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, run.data() + at, std::min<std::size_t>(8, run.size() - at));
        state = ((state << 5 | state >> 59) ^ word) * kFactor;
    }
    state = (state ^ state >> 32) * kFactor;
    return state ^ state >> 29;
}

}  // namespace

Runs::Runs() : slots_(1 << 10), ends_{0} {}

// First the runs, so that their slots are on their way from memory when they are looked at.
void Runs::number(std::string_view text, std::vector<std::int32_t>& numbers) {
    find_in(text);
    for (const Found& found : found_) numbers.push_back(find_or_add(found));
}

void Runs::find_in(std::string_view text) {
    found_.clear();
    const std::size_t mask = slots_.size() - 1;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (true) {
        while (at != end && !is_in_run(*at)) ++at;
        if (at == end) return;
        const char* const begin = at;
        while (at != end && is_in_run(*at)) ++at;
        const std::string_view run(begin, static_cast<std::size_t>(at - begin));
        found_.push_back({run, hash(run)});
        prefetch(&slots_[found_.back().hash & mask]);
    }
}

std::int32_t Runs::find_or_add(const Found& found) {
    const auto& [run, hashed] = found;
    const auto tag = static_cast<std::uint32_t>(hashed >> 32);
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = hashed & mask;
    for (; slots_[place].number >= 0; place = (place + 1) & mask) {
        if (slots_[place].tag != tag) continue;
        const auto number = static_cast<std::size_t>(slots_[place].number);
        const std::size_t begin = ends_[number];
        if (run == std::string_view(content_.data() + begin, ends_[number + 1] - begin)) return slots_[place].number;
    }
    if (size() == std::numeric_limits<std::int32_t>::max()) throw std::length_error("too many runs");
    const auto number = static_cast<std::int32_t>(size());
    slots_[place] = {number, tag};
    content_ += run;
    ends_.push_back(content_.size());
    if (2 * size() > slots_.size()) grow();
    return number;
}

void Runs::grow() {
    std::vector<Slot> larger(2 * slots_.size());
    const std::size_t mask = larger.size() - 1;
    for (const Slot& slot : slots_) {
        if (slot.number < 0) continue;
        const auto number = static_cast<std::size_t>(slot.number);
        std::size_t place = hash({content_.data() + ends_[number], ends_[number + 1] - ends_[number]}) & mask;
        while (larger[place].number >= 0) place = (place + 1) & mask;
        larger[place] = slot;
    }
    slots_ = std::move(larger);
}

std::vector<std::uint8_t> Runs::lines_from(std::size_t first) const {
    std::vector<std::uint8_t> lines;
    for (std::size_t number = first; number < size(); ++number) {
        lines.insert(lines.end(), content_.begin() + static_cast<std::ptrdiff_t>(ends_[number]),
                     content_.begin() + static_cast<std::ptrdiff_t>(ends_[number + 1]));
        lines.push_back('\n');
    }
    return lines;
}

}  // namespace pwdismec
