"""Configs of strangers: nothing in a YAML file means more than it says, and what is wrong is one line."""

import math
import re

import pytest
import yaml
from helpers.command_line import refusal
from hypothesis import example, given
from hypothesis import strategies as st

from pwdismec.errors import ConfigError
from pwdismec.experiment.experiment_file import read_config
from pwdismec.settings.yaml_file import read_yaml

LEAST = "name: x\ndata: .\ntrain: a.txt\ntest: b.txt\n"
UNKNOWN = "unknown setting; expected one of name, data, train"
ALIAS = "an anchor or alias; expected every value where it belongs"
TAG = "a tag; expected a plain value"
LAUGHS = "l0: &l0 [x]\n" + "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 10))

# what follows `LEAST`: what is said of it, from the line on
HOSTILE = {
    "seed: 2020-13-45": f"5: seed: {UNKNOWN}",
    "training: {seed: 2020-13-45}": "5: training.seed: '2020-13-45': Input should be a valid integer",
    "training: {seed: 2020-12-24}": "5: training.seed: '2020-12-24': Input should be a valid integer",
    "training: {seed: 1:30}": "5: training.seed: '1:30': Input should be a valid integer",
    "training: {C: .inf}": "5: training.C: inf: Input should be a finite number",
    "training: {C: -.INF}": "5: training.C: -inf: Input should be a finite number",
    "training: {C: .nan}": "5: training.C: nan: Input should be a finite number",
    "training: {C: 1e999}": "5: training.C: inf: Input should be a finite number",
    "propensity: {a: .nan, b: 1}": "5: propensity.a: nan: Input should be a finite number",
    f"training: {{C: {'9' * 5000}}}": "5: training.C: '999",
    f"training: {{seed: {'9' * 5000}}}": "5: training.seed: '999",
    "training: {seed: 9223372036854775808}": "5: training.seed: 9223372036854775808; expected a whole number",
    "training: {max_epochs: 2147483648}": "5: training.max_epochs: 2147483648; expected a whole number",
    "training: {shard_size: 99999999999999999999}": "5: training.shard_size: '99999999999999999999'; exp",
    "predict: {top_k: 9223372036854775807}": "5: predict.top_k: 9223372036854775807: Input should be less",
    "evaluate: {ks: [4294967297]}": "5: evaluate.ks.0: 4294967297: Input should be less than or equal",
    "evaluate: {ks: 5}": "5: evaluate.ks: 5: Input should be a valid tuple",
    "a: &a [1]\nb: *a": f"5: {ALIAS}",
    "weightings: &w [*w]": f"5: {ALIAS}",
    "weightings: *nothing": f"5: {ALIAS}",
    "predict: &p {top_k: 5}": f"5: {ALIAS}",
    LAUGHS: f"5: {ALIAS}",
    "<<: {one_based: true}": f"5: <<: {UNKNOWN}",
    "training: !!python/object/apply:os.system [true]": f"5: {TAG}",
    "label_names: !!binary aGk=": f"5: {TAG}",
    "training: {seed: !!timestamp 2020-13-45}": f"5: {TAG}",
    "training: {seed: !!int foo}": f"5: {TAG}",
    "training: {seed: !!float ''}": f"5: {TAG}",
    "training: !local {}": f"5: {TAG}",
    "label_names: ! x": f"5: {TAG}",
    "1: x": f"5: 1: {UNKNOWN}",
    "null: x": f"5: null: {UNKNOWN}",
    "=: x": f"5: =: {UNKNOWN}",
    "a.b: x": f"5: a.b: {UNKNOWN}",
    "training.x.y: x": f"5: training.x.y: {UNKNOWN}",
    "training: {a.b: x}": "5: training.a.b: unknown setting; expected one of C, bias",
    "texts: {fields: t, labels: l, a.b.c: x}": "5: texts.a.b.c: unknown setting; expected one of fields",
    "? [a]\n: b": "5: a list or mapping as the name of a setting; expected a word",
    "? {a: 1}\n: b": "5: a list or mapping as the name of a setting; expected a word",
    "train: x": "5: train: given twice",
    "training: {C: 1, C: 2}": "5: C: given twice",
    "x: " + "[" * 50_000: "5: nested deeper than 20 levels",
    "x: " + "[{a: " * 10_000: "5: nested deeper than 20 levels",
    "x: " + "[" * 100 + "]" * 100: "5: nested deeper than 20 levels",
    "".join(f"{' ' * i}a:\n" for i in range(100)): "24: nested deeper than 20 levels",
    'label_names: "a\\0b"': "5: 'a\\x00b': no text, nor the name of a file",
    'label_names: "\\uD800"': "5: '\\ud800': no text, nor the name of a file",
    "texts: {fields: t, labels: l, words: 9999-99999}": "5: texts.words: '9999-99999'; expected a number or",
    "texts: {fields: t, labels: l, words: 2020-12-24}": "5: texts.words: '2020-12-24'; expected a number or",
    f"texts: {{fields: t, labels: l, min_df: 1{'0' * 30}}}": "5: texts: min_df: 1000",
    "texts: {fields: t, labels: l, hashing: 99}": "5: texts: hashing: 99: Input should be less than or equal",
    "--- \na: b": "5: not YAML: but found another document",
    "\tx: 1": "5: not YAML: found character '\\t' that cannot start any token",
    "%YAML 9.9": "5: not YAML: ",
    "training: 3": "5: training: 3: Input should be a valid dictionary",
    "weightings: {a: b}": "5: weightings: Input should be a valid tuple",
    "format: [x]": "5: format: ['x']: Input should be 'auto'",
    "name2: " + "x" * 90_000: f"5: name2: {UNKNOWN}",
    "evaluate: {by_frequency: " + "x" * 90_000 + "}": "5: evaluate.by_frequency: 'xxx",
    "\x1b[31m: 1": ": not YAML: unacceptable character #x001b",
    "x" * 100_000: ": more than 100 kB; expected a smaller file",
}  # fmt: skip


@pytest.mark.parametrize("text, said", HOSTILE.items(), ids=[text[:40] for text in HOSTILE])
def test_what_is_hostile_in_a_config_is_refused_in_one_line(tmp_path, text, said):
    path = tmp_path / "c.yaml"
    path.write_text(f"{LEAST}{text}\n")
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{said}".replace("::", ":")), message[:300]
    assert "\n" not in message and len(message) < 600


@pytest.mark.parametrize("content, said", [
    (b"", ": expected a mapping of settings"),
    (b"3", ": expected a mapping of settings"),
    (b"- a", ": expected a mapping of settings"),
    (b"# a remark", ": expected a mapping of settings"),
    (b"name: x\ndata: \xe9", ":2: not YAML: byte 0xe9; expected UTF-8"),
    (b"\xff\xfen\0", ":1: not YAML: byte 0xff; expected UTF-8"),
    (b"name: \0", ": not YAML: unacceptable character #x0000"),
    (b"\xef\xbb\xbfname: x", ":1: data: missing"),
])  # fmt: skip
def test_files_that_are_no_mapping_are_refused(tmp_path, content, said):
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    assert refusal("run", path).startswith(f"{path}{said}")
    assert refusal("run", "/dev/zero") == "/dev/zero: a pipe or device, where a file is expected"


def texts(max_size):
    """Strings but for those that are numbers in YAML 1.2, while PyYAML, of 1.1, writes them as they are."""
    return st.text(max_size=max_size).filter(
        lambda text: not re.fullmatch(r"[-+]?[0-9.]+[eE][-+]?[0-9]+", text)
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False) | texts(20),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(texts(8), values, max_size=3),
    max_leaves=10,
)


@example(content={"": "1e"})
@given(content=st.dictionaries(texts(8), VALUES, max_size=5))
def test_plain_values_are_read_as_they_were_written(tmp_path_factory, content):
    """PyYAML writes; what YAML 1.1 would take for something else, it quotes. Floats it writes in our form."""
    path = tmp_path_factory.mktemp("yaml") / "c.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    text = path.read_text("utf-8")
    if "\\0" in text or "\\uD" in text or "!!" in text:
        return
    assert read_yaml(path)[1] == content


@pytest.mark.parametrize("word, value", [
    ("true", True), ("False", False), ("yes", "yes"), ("off", "off"), ("~", None), ("", None), ("null", None),
    ("010", 10), ("0x10", "0x10"), ("1_000", "1_000"), ("1:30", "1:30"), ("2020-01-01", "2020-01-01"),
    ("1e3", 1000.0), ("1e-3", 0.001), (".5", 0.5), ("5.", 5.0), ("-.inf", -math.inf),
    ("'3'", "3"), ('"true"', "true"),
    ("9223372036854775807", 2**63 - 1),
    ("99999999999999999999", "99999999999999999999"), ("٣", "٣"), ("+1", 1),
])  # fmt: skip
def test_words_are_those_of_the_core_schema(tmp_path, word, value):
    path = tmp_path / "c.yaml"
    path.write_text(f"a: {word}\n", encoding="utf-8")
    found = read_yaml(path)[1]["a"]
    assert found == value and type(found) is type(value)


def test_a_config_of_the_largest_size_is_read_quickly_enough_to_be_tested(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("".join(f"k{i}: [1, a, {{b: c}}]\n" for i in range(4000)))
    assert len(read_yaml(path)[1]) == 4000
