#include "count_in_rows.hpp"

#include <stdexcept>
#include <utility>

#include "arrays.hpp"
#include "bindings.hpp"

namespace pwdismec {

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

namespace {

using Offsets = ArrayIn<std::int64_t>;
using Ids = ArrayIn<std::int32_t>;

Lists checked(const Offsets& offsets, const Ids& items) {
    const std::int64_t* begin = offsets.data();
    const std::size_t size = offsets.size();
    if (size == 0 || begin[0] != 0) throw nb::value_error("offsets: must start at 0");
    for (std::size_t i = 1; i < size; ++i)
        if (begin[i] < begin[i - 1]) throw nb::value_error("offsets: must not descend");
    if (static_cast<std::size_t>(begin[size - 1]) != items.size())
        throw nb::value_error("offsets: must end where the items do");
    return {{begin, size}, {items.data(), items.size()}};
}

nb::tuple count(const Offsets& row_offsets, const Ids& rows, const Offsets& list_offsets, const Ids& lists,
                std::size_t n_ids) {
    RowCounts found;
    {
        const Lists in_rows = checked(row_offsets, rows), in_lists = checked(list_offsets, lists);
        nb::gil_scoped_release release;
        found = count_in_rows(in_rows, in_lists, n_ids);
    }
    return nb::make_tuple(to_numpy(std::move(found.indptr)), to_numpy(std::move(found.ids)),
                          to_numpy(std::move(found.counts)));
}

}  // namespace

void bind_count_in_rows(nb::module_& m) {
    using namespace nb::literals;
    m.def("count_in_rows", &count, "row_offsets"_a, "rows"_a, "list_offsets"_a, "lists"_a, "n_ids"_a);
}

}  // namespace pwdismec
