"""Strings: SMT-LIB's theory of Unicode strings (the SyGuS logic SLIA) and what text editing needs beside it.

All operators are total, as SMT-LIB 2.6 fixes them: a position out of range gives the empty string or -1, an
empty pattern is replaced once at the front by `str.replace` and nowhere by `str.replace_all`. Positions count
from 0. Operators without a standard name are called ``strings.…``; a negative number of a part there counts
from the end. Letters and spaces are Unicode's, digits are 0–9; a change of case keeps the number of characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dsl.domain import Domain
from dsl.domains.integers import integers
from dsl.errors import LimitExceeded
from dsl.limits import check_size
from dsl.values import LARGEST_CODE_POINT, LITERAL_BITS

LONGEST_NUMERAL = 4_200
"""Most digits that are read as a number: as many as an integer of `LITERAL_BITS` bits has, nearly."""
_DIGITS = re.compile("[0-9]+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")

strings = Domain(
    "strings",
    "text editing: Unicode strings with integers (SMT-LIB SLIA)",
    include=[integers],
    task_file=("dsl.domains", "strings.json"),
)
for text in ("", " ", ",", ", ", ".", "-", "/", ":", "@", "_", "(", ")", "0"):
    strings.constant(text)
for number in (0, 1, 2, 3, 4, -1):
    strings.constant(number)


@strings.primitive(name="str.++", smt="(str.++ {0} {1})", variadic="left")
def concatenate(a: str, b: str) -> str:
    """Both strings, one after the other."""
    check_size(len(a) + len(b))
    return a + b


@strings.primitive(name="str.len", smt="(str.len {0})")
def length(s: str) -> int:
    """Number of characters."""
    return len(s)


@strings.primitive(name="str.at", smt="(str.at {0} {1})")
def character_at(s: str, i: int) -> str:
    """The character at a position, or the empty string."""
    return s[i : i + 1] if i >= 0 else ""


@strings.primitive(name="str.substr", smt="(str.substr {0} {1} {2})")
def substring(s: str, start: int, count: int) -> str:
    """At most that many characters from a position on; empty if it is out of range or the count is < 1."""
    return s[start : start + count] if start >= 0 and count > 0 else ""


@strings.primitive(name="str.replace", smt="(str.replace {0} {1} {2})")
def replace_first(s: str, pattern: str, by: str) -> str:
    """The string with the first occurrence of the pattern replaced; an empty pattern occurs at the front."""
    return s.replace(pattern, by, 1)


@strings.primitive(name="str.replace_all", smt="(str.replace_all {0} {1} {2})", aliases=("str.replaceall",))
def replace_all(s: str, pattern: str, by: str) -> str:
    """The string with all occurrences of the pattern replaced, from left to right; an empty one has none."""
    if not pattern:
        return s
    check_size(len(s) + s.count(pattern) * (len(by) - len(pattern)))
    return s.replace(pattern, by)


@strings.primitive(name="str.indexof", smt="(str.indexof {0} {1} {2})")
def index_of(s: str, pattern: str, start: int) -> int:
    """The first position from `start` on where the pattern occurs, or -1; also if `start` is no position."""
    return s.find(pattern, start) if 0 <= start <= len(s) else -1


@strings.primitive(name="str.contains", smt="(str.contains {0} {1})")
def contains(s: str, part: str) -> bool:
    """Whether the second string occurs in the first."""
    return part in s


@strings.primitive(name="str.prefixof", smt="(str.prefixof {0} {1})")
def is_prefix(prefix: str, s: str) -> bool:
    """Whether the second string starts with the first."""
    return s.startswith(prefix)


@strings.primitive(name="str.suffixof", smt="(str.suffixof {0} {1})")
def is_suffix(suffix: str, s: str) -> bool:
    """Whether the second string ends with the first."""
    return s.endswith(suffix)


@strings.primitive(name="str.<", smt="(str.< {0} {1})", variadic="chain")
def precedes(a: str, b: str) -> bool:
    """Whether the first string comes before the second, by code points."""
    return a < b


@strings.primitive(name="str.<=", smt="(str.<= {0} {1})", variadic="chain", searchable=False)
def precedes_or_equals(a: str, b: str) -> bool:
    """Whether the first string comes before the second, by code points, or is equal to it."""
    return a <= b


@strings.primitive(name="str.from_int", smt="(str.from_int {0})", aliases=("int.to.str", "str.from-int"))
def from_integer(number: int) -> str:
    """The decimal numeral of a number; empty for a negative one."""
    if number.bit_length() > LITERAL_BITS:
        raise LimitExceeded(f"the numeral of an integer of {number.bit_length()} bits")
    return str(number) if number >= 0 else ""


@strings.primitive(name="str.to_int", smt="(str.to_int {0})", aliases=("str.to.int", "str.to-int"))
def to_integer(s: str) -> int:
    """The number that a string of digits 0–9 denotes; -1 for any other string."""
    if not (s.isascii() and s.isdigit()):
        return -1
    if len(s) > LONGEST_NUMERAL:
        raise LimitExceeded(f"a numeral of {len(s)} digits; at most {LONGEST_NUMERAL} are read")
    return int(s)


@strings.primitive(name="str.is_digit", smt="(str.is_digit {0})")
def is_digit(s: str) -> bool:
    """Whether the string is one of the digits 0–9."""
    return len(s) == 1 and "0" <= s <= "9"


@strings.primitive(name="str.to_code", smt="(str.to_code {0})", searchable=False)
def to_code(s: str) -> int:
    """The code point of a single character; -1 for any other string."""
    return ord(s) if len(s) == 1 else -1


@strings.primitive(name="str.from_code", smt="(str.from_code {0})", searchable=False)
def from_code(code: int) -> str:
    """The character with a code point, or the empty string."""
    return chr(code) if 0 <= code <= LARGEST_CODE_POINT else ""


@strings.primitive(name="strings.take", smt="(str.substr {0} 0 {1})")
def take(s: str, count: int) -> str:
    """The first characters."""
    return s[:count] if count > 0 else ""


@strings.primitive(
    name="strings.take_last",
    smt="(ite (< {1} (str.len {0})) (str.substr {0} (- (str.len {0}) {1}) {1}) {0})",
)
def take_last(s: str, count: int) -> str:
    """The last characters."""
    return s[-count:] if count > 0 else ""


@strings.primitive(name="strings.drop", smt="(str.substr {0} (ite (< {1} 0) 0 {1}) (str.len {0}))")
def drop(s: str, count: int) -> str:
    """All but the first characters."""
    return s[max(count, 0) :]


@strings.primitive(name="strings.drop_last", smt="(str.substr {0} 0 (- (str.len {0}) {1}))")
def drop_last(s: str, count: int) -> str:
    """All but the last characters."""
    return s[:-count] if count > 0 else s


@strings.primitive(
    name="strings.before",
    smt="(ite (str.contains {0} {1}) (str.substr {0} 0 (str.indexof {0} {1} 0)) {0})",
)
def before(s: str, mark: str) -> str:
    """What stands before the first occurrence of a mark; the whole string if there is none."""
    at = s.find(mark)
    return s[:at] if at >= 0 else s


@strings.primitive(
    name="strings.after",
    smt=('(ite (str.contains {0} {1}) (str.substr {0} (+ (str.indexof {0} {1} 0) (str.len {1})) (str.len {0})) "")'),
)
def after(s: str, mark: str) -> str:
    """What stands after the first occurrence of a mark; empty if there is none."""
    at = s.find(mark)
    return s[at + len(mark) :] if at >= 0 else ""


@strings.primitive(
    name="strings.before_last",
    smt="(ite (str.contains {0} {1}) (str.substr {0} 0 (seq.last_indexof {0} {1})) {0})",
)
def before_last(s: str, mark: str) -> str:
    """What stands before the last occurrence of a mark; the whole string if there is none."""
    at = s.rfind(mark)
    return s[:at] if at >= 0 else s


@strings.primitive(name="strings.last_indexof", smt="(seq.last_indexof {0} {1})")
def last_index_of(s: str, pattern: str) -> int:
    """The last position where the pattern occurs, or -1."""
    return s.rfind(pattern)


@strings.primitive(
    name="strings.count",
    smt='(ite (= {1} "") 0 (div (- (str.len {0}) (str.len (str.replace_all {0} {1} ""))) (str.len {1})))',
)
def count_of(s: str, pattern: str) -> int:
    """How often the pattern occurs without overlap, counted from the left; an empty one does not."""
    return s.count(pattern) if pattern else 0


def _part(parts: Sequence[str], number: int) -> str:
    """The part with this number, negative ones from the end; empty if there is none."""
    return parts[number] if -len(parts) <= number < len(parts) else ""


@strings.primitive(name="strings.field")
def field(s: str, separator: str, number: int) -> str:
    """The field with this number between separators, or the empty string; an empty one separates nothing."""
    return _part(s.split(separator) if separator else [s], number)


@strings.primitive(name="strings.word")
def word(s: str, number: int) -> str:
    """The word with this number, where spaces separate words, or the empty string."""
    return _part(s.split(), number)


@strings.primitive(name="strings.number")
def number_in(s: str, number: int) -> str:
    """The run of digits with this number, or the empty string."""
    return _part(_DIGITS.findall(s), number)


@strings.primitive(name="strings.digits")
def digits(s: str) -> str:
    """Only the digits."""
    return "".join(_DIGITS.findall(s))


@strings.primitive(name="strings.letters")
def letters(s: str) -> str:
    """Only the letters."""
    return "".join(filter(str.isalpha, s))


@strings.primitive(name="strings.capitals")
def capitals(s: str) -> str:
    """Only the upper-case letters."""
    return "".join(filter(str.isupper, s))


@strings.primitive(name="strings.upper")
def upper(s: str) -> str:
    """All letters in upper case."""
    return s.upper() if s.isascii() else "".join(c.upper() if len(c.upper()) == 1 else c for c in s)


@strings.primitive(name="strings.lower")
def lower(s: str) -> str:
    """All letters in lower case."""
    return s.lower() if s.isascii() else "".join(c.lower() if len(c.lower()) == 1 else c for c in s)


@strings.primitive(name="strings.title")
def title(s: str) -> str:
    """The first letter of each word in upper case, the others in lower case; words contain apostrophes."""
    return _WORD.sub(lambda found: upper(found.group()[0]) + lower(found.group()[1:]), s)


@strings.primitive(name="strings.trim")
def trim(s: str) -> str:
    """The string without spaces at its ends."""
    return s.strip()


@strings.primitive(name="strings.squeeze")
def squeeze(s: str) -> str:
    """The words of the string with one space between them."""
    return " ".join(s.split())


@strings.primitive(name="strings.reverse", aliases=("str.rev",))
def reverse(s: str) -> str:
    """The characters in reverse order."""
    return s[::-1]


@strings.primitive(name="strings.repeat")
def repeat(s: str, times: int) -> str:
    """The string that many times, one after the other."""
    if not s or times <= 0:
        return ""
    check_size(len(s) * times)
    return s * times


@strings.primitive(name="strings.pad_left")
def pad_left(s: str, width: int, fill: str) -> str:
    """The string, filled up on the left by repetitions of `fill` to a width; as it is if `fill` is empty."""
    return _filling(width - len(s), fill) + s


@strings.primitive(name="strings.pad_right")
def pad_right(s: str, width: int, fill: str) -> str:
    """The string, filled up on the right by repetitions of `fill` to a width; as it is if `fill` is empty."""
    return s + _filling(width - len(s), fill)


def _filling(missing: int, fill: str) -> str:
    """Exactly that many characters of `fill` repeated."""
    if missing <= 0 or not fill:
        return ""
    check_size(missing)
    return (fill * (missing // len(fill) + 1))[:missing]
