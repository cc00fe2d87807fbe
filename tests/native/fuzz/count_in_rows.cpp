// count_in_rows against a map a row, for any lists whose offsets are sound.
#include "support/count.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "fuzzing.hpp"

namespace {

struct ListsOf {
    std::vector<std::int64_t> offsets{0};
    std::vector<std::int32_t> items;
};

ListsOf some_lists(FuzzedDataProvider& input, std::int32_t most_item) {
    ListsOf lists;
    for (auto n = input.ConsumeIntegralInRange<std::size_t>(0, 8); n > 0; --n) {
        const auto length = input.ConsumeIntegralInRange<std::size_t>(0, 8);
        for (const std::int32_t item : numbers_within<std::int32_t>(input, length, 0, most_item))
            lists.items.push_back(item);
        lists.offsets.push_back(static_cast<std::int64_t>(lists.items.size()));
    }
    if (!lists.items.empty() && input.ConsumeIntegral<std::uint8_t>() < 16)
        lists.items[input.ConsumeIntegralInRange<std::size_t>(0, lists.items.size() - 1)] =
            input.ConsumeIntegral<std::int32_t>();
    return lists;
}

using Counted = std::vector<std::pair<std::int32_t, float>>;  // in the order of the first time

// False if there is no such list or id.
bool count(const ListsOf& rows, const ListsOf& lists, std::size_t n_ids, std::vector<Counted>& counted) {
    for (std::size_t row = 0; row + 1 < rows.offsets.size(); ++row) {
        Counted& of_row = counted.emplace_back();
        for (auto i = rows.offsets[row]; i < rows.offsets[row + 1]; ++i) {
            const std::int64_t list = rows.items.at(static_cast<std::size_t>(i));
            if (list < 0 || list + 1 >= static_cast<std::int64_t>(lists.offsets.size())) return false;
            const auto at = static_cast<std::size_t>(list);
            for (auto j = lists.offsets[at]; j < lists.offsets[at + 1]; ++j) {
                const std::int32_t id = lists.items.at(static_cast<std::size_t>(j));
                if (id < 0 || static_cast<std::size_t>(id) >= n_ids) return false;
                const auto known = std::find_if(of_row.begin(), of_row.end(), [&](auto& x) { return x.first == id; });
                if (known == of_row.end())
                    of_row.emplace_back(id, 1.0f);
                else
                    ++known->second;
            }
        }
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    const auto n_ids = input.ConsumeIntegralInRange<std::size_t>(0, 20);
    const ListsOf rows = some_lists(input, 7), lists = some_lists(input, 12);
    std::vector<Counted> expected;
    const bool fits = count(rows, lists, n_ids, expected);
    try {
        const auto found = pwdismec::count_in_rows({rows.offsets, rows.items}, {lists.offsets, lists.items}, n_ids);
        EXPECT(fits);
        EXPECT(found.indptr.size() == rows.offsets.size() && found.ids.size() == found.counts.size());
        for (std::size_t row = 0; row < expected.size(); ++row) {
            const auto begin = static_cast<std::size_t>(found.indptr[row]);
            EXPECT(found.indptr[row + 1] - found.indptr[row] == static_cast<std::int64_t>(expected[row].size()));
            for (std::size_t i = 0; i < expected[row].size(); ++i)
                EXPECT(std::pair(found.ids.at(begin + i), found.counts.at(begin + i)) == expected[row][i]);
        }
    } catch (const std::out_of_range&) {
        EXPECT(!fits);
    }
    return 0;
}
