// Runs of letters and digits in texts, numbered: what is asked for each is asked once, however often it occurs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pwdismec {

// A run is as long a stretch of a UTF-8 text as holds no ASCII character but letters, digits and _. So whatever
// is not ASCII belongs to a run; what it is, the kernel does not ask.
class Runs {
public:
    Runs();

    std::size_t size() const { return ends_.size() - 1; }

    // Appends the number of each run of the text; one that is new gets the next number.
    void number(std::string_view text, std::vector<std::int32_t>& numbers);

    // The runs with a number of `first` or above, with a line break behind each; none holds one.
    std::vector<std::uint8_t> lines_from(std::size_t first) const;

private:
    // A place of the hash table: the number of a run and a part of its hash, which tells most others apart.
    struct Slot {
        std::int32_t number = -1;
        std::uint32_t tag = 0;
    };

    // A run of the text that is being numbered, and its hash.
    struct Found {
        std::string_view run;
        std::uint64_t hash;
    };

    void find_in(std::string_view text);
    std::int32_t find_or_add(const Found& found);
    void grow();

    std::vector<Slot> slots_;  // a power of two of them, half of them free at least
    std::string content_;      // the runs, one behind another
    std::vector<std::size_t> ends_;
    std::vector<Found> found_;
};

}  // namespace pwdismec
