"""Goal: codes are those of RFC 6238, from one half minute before to one after; codes for the app's loss are read
however they are typed.
"""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from orchestrator.service.people import codes

SECRET = b"12345678901234567890"
"""Of the test values of RFC 6238."""


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
        (2_000_000_000, "279037"), (20_000_000_000, "353130"),
    ],
)  # fmt: skip
def test_the_values_of_the_standard(second: int, code: str) -> None:
    wall = datetime.fromtimestamp(second, UTC)
    step = second // codes.STEP_SECONDS
    assert codes.step_of(SECRET, code, wall) == step
    assert codes.step_of(SECRET, f" {code[:3]} {code[3:]}", wall) == step, "as apps show it"
    for late in (-1, 1):
        assert codes.step_of(SECRET, code, wall + timedelta(seconds=late * codes.STEP_SECONDS)) == step
        assert codes.step_of(SECRET, code, wall + timedelta(seconds=2 * late * codes.STEP_SECONDS)) is None


@pytest.mark.parametrize("typed", ["", "28708", "2870820", "28708x", "٢٨٧٠٨٢", "287082\n1", "-287082x"])
def test_what_is_no_code(typed: str) -> None:
    assert codes.step_of(SECRET, typed, datetime.fromtimestamp(59, UTC)) is None


def test_an_app_reads_what_it_is_shown() -> None:
    secret = codes.new_secret()
    told = pyotp.parse_uri(codes.address(secret, "n.nurse", "carepath"))
    assert isinstance(told, pyotp.TOTP)
    assert (told.name, told.issuer, told.interval, told.digits) == ("n.nurse", "carepath", 30, 6)
    letters = pyotp.TOTP(codes.plain(codes.in_letters(secret)))
    wall = datetime.fromtimestamp(1_234_567_890, UTC)
    assert codes.step_of(secret, told.at(wall), wall) == codes.step_of(secret, letters.at(wall), wall) is not None


def test_codes_for_the_loss_are_read_however_they_are_typed() -> None:
    made = codes.new_recovery_codes()
    assert len(set(made)) == codes.RECOVERY_CODES
    assert not any(codes.is_of_app(each) for each in made)
    assert all(len(codes.plain(each)) == 24 for each in made)
    kept = codes.recovery_hash("u-1", "0123-4567-89ab-cdef-ghjk-mnpq")
    assert codes.recovery_hash("u-1", " O123 4567 89AB CDEF GHJK MNPQ") == kept
    assert codes.recovery_hash("u-1", "0l23456789abcdefghjkmnpq") == kept
    assert codes.recovery_hash("u-2", "0123-4567-89ab-cdef-ghjk-mnpq") != kept
    assert codes.recovery_hash("u-1", "\udcff") != kept
