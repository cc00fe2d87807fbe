#include <utility>

#include "support/arrays.hpp"
#include "text/runs.hpp"

namespace pwdismec {
namespace {

// The numbers of the runs of each text, where each text's numbers end, and the lines of the runs that are new.
nb::tuple number_texts(Runs& runs, const nb::list& texts) {
    for (const nb::handle text : texts)  // before the first is numbered
        if (!nb::isinstance<nb::bytes>(text)) throw nb::type_error("texts: must be bytes");
    std::vector<std::int32_t> numbers;
    std::vector<std::int64_t> indptr{0};
    const std::size_t known = runs.size();
    for (const nb::handle text : texts) {
        const auto bytes = nb::borrow<nb::bytes>(text);
        runs.number({bytes.c_str(), bytes.size()}, numbers);
        indptr.push_back(static_cast<std::int64_t>(numbers.size()));
    }
    const std::vector<std::uint8_t> lines = runs.lines_from(known);
    return nb::make_tuple(to_numpy(std::move(indptr)), to_numpy(std::move(numbers)),
                          nb::bytes(lines.data(), lines.size()));
}

}  // namespace

void bind_text(nb::module_& m) {
    nb::class_<Runs>(m, "Runs")
        .def(nb::init<>())
        .def("__len__", &Runs::size)
        .def("number", &number_texts, nb::arg("texts"));
}

}  // namespace pwdismec
