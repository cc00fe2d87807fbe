#include "count_ids.hpp"

#include <cstddef>
#include <stdexcept>

namespace pwdismec {

void count_ids(std::span<const std::int32_t> ids, std::span<std::int64_t> counts) {
    for (const std::int32_t id : ids) {
        if (id < 0 || static_cast<std::size_t>(id) >= counts.size()) throw std::out_of_range("an id out of range");
        ++counts[static_cast<std::size_t>(id)];
    }
}

}  // namespace pwdismec
