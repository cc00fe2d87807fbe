"""What is held out of records."""

import pytest

from pwdismec.errors import ConfigError
from pwdismec.text.splits import Split


@pytest.mark.parametrize("share", ["0", "1", "1.0", "-0.1", "nan", "half"])
def test_a_share_that_leaves_a_part_empty_is_no_split(share):
    with pytest.raises(ConfigError, match="expected a share between 0 and 1, or FIELD:FIRST"):
        Split.parse(share)
