"""The columns and constraints that the steps are written in; what a step made of them must never change."""

from __future__ import annotations

import sqlalchemy as sa

# SQLite numbers rows by itself only in a column of its own type INTEGER, which has 64 bits as well.
_INTEGER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def key() -> sa.Column[int]:
    """The number of a row, given by the database."""
    return sa.Column("id", _INTEGER, primary_key=True)


def integer(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[int]:
    """A whole number of 64 bits; `default` is what rows have that were there before the column."""
    return sa.Column(name, _INTEGER, nullable=nullable, server_default=default)


def real(name: str, *, nullable: bool = False) -> sa.Column[float]:
    """A number of double precision."""
    return sa.Column(name, sa.Double, nullable=nullable)


def boolean(name: str, *, nullable: bool = False) -> sa.Column[bool]:
    """Yes or no."""
    return sa.Column(name, sa.Boolean, nullable=nullable)


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    """Text of any length; times and data are text as well."""
    return sa.Column(name, sa.Text, nullable=nullable)


def reference(table: str, name: str, target: str, *, nullable: bool = False) -> sa.Column[int]:
    """The number of a row of the table `target`, in a column of `table`."""
    to = sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{name}")
    return sa.Column(name, _INTEGER, to, nullable=nullable)


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """No two rows of `table` agree in all of these columns."""
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    """Rows of `table` are told apart by these columns."""
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")
