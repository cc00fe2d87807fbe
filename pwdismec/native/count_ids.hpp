// How often each id occurs.
#pragma once

#include <cstdint>
#include <span>

namespace pwdismec {

// Adds to counts[id] for each of the ids. Throws std::out_of_range at one that has no place there.
void count_ids(std::span<const std::int32_t> ids, std::span<std::int64_t> counts);

}  // namespace pwdismec
