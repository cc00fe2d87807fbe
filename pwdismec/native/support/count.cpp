#include "support/count.hpp"

#include <stdexcept>
#include <utility>

namespace pwdismec {

void count_ids(std::span<const std::int32_t> ids, std::span<std::int64_t> counts) {
    for (const std::int32_t id : ids) {
        if (id < 0 || static_cast<std::size_t>(id) >= counts.size()) throw std::out_of_range("an id out of range");
        ++counts[static_cast<std::size_t>(id)];
    }
}

RowCounts count_in_rows(const Lists& rows, const Lists& lists, std::size_t n_ids) {
    RowCounts found;
    found.indptr.push_back(0);
    std::vector<std::size_t> places(n_ids, 0);  // where each id was counted last; before the row's begin: not yet
    std::size_t begin = 0;
    for (std::size_t row = 0; row + 1 < rows.offsets.size(); ++row) {
        for (auto i = rows.offsets[row]; i < rows.offsets[row + 1]; ++i) {
            const auto list = static_cast<std::size_t>(rows.items[static_cast<std::size_t>(i)]);
            if (list >= lists.offsets.size() - 1) throw std::out_of_range("a list out of range");
            for (auto j = lists.offsets[list]; j < lists.offsets[list + 1]; ++j) {
                const std::int32_t id = lists.items[static_cast<std::size_t>(j)];
                if (static_cast<std::size_t>(id) >= n_ids) throw std::out_of_range("an id out of range");
                std::size_t& place = places[static_cast<std::size_t>(id)];
                if (place >= begin && place < found.ids.size() && found.ids[place] == id) {
                    ++found.counts[place];
                } else {
                    place = found.ids.size();
                    found.ids.push_back(id);
                    found.counts.push_back(1);
                }
            }
        }
        begin = found.ids.size();
        found.indptr.push_back(static_cast<std::int64_t>(begin));
    }
    return found;
}

}  // namespace pwdismec
