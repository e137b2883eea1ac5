"""Specifications, programs, solutions, and runs with their results."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_INTEGER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the first tables."""
    op.create_table("grammar", _key(), _text("identity"), _text("text"), _unique("grammar", "identity"))
    op.create_table(
        "spec",
        _key(),
        _text("identity"),
        _text("domain", nullable=True),
        _text("logic", nullable=True),
        _text("dialect"),
        _text("classification"),
        _text("conditions"),
        _text("source", nullable=True),
        _text("created"),
        _unique("spec", "identity"),
    )
    op.create_table(
        "spec_function",
        _key(),
        _reference("spec_function", "spec_id", "spec"),
        _integer("position"),
        _text("name"),
        _text("signature"),
        _text("parameters"),
        _text("types"),
        _reference("spec_function", "grammar_id", "grammar", nullable=True),
        _unique("spec_function", "spec_id", "position"),
    )
    op.create_table(
        "spec_example",
        _key(),
        _reference("spec_example", "spec_id", "spec"),
        _integer("position"),
        _text("function"),
        _text("inputs"),
        _text("output"),
        _unique("spec_example", "spec_id", "position"),
    )
    op.create_table(
        "program",
        _key(),
        _text("digest"),
        _text("domain", nullable=True),
        _text("text"),
        _text("notes"),
        _integer("size"),
        _unique("program", "digest"),
    )
    op.create_table(
        "run",
        _key(),
        _text("kind"),
        _text("status"),
        _text("settings"),
        _text("settings_hash"),
        _text("tasks_hash"),
        _integer("tasks"),
        _text("version"),
        _text("worker"),
        _text("started"),
        _text("heartbeat"),
        _text("finished", nullable=True),
    )
    op.create_index("ix_run_tasks_hash", "run", ["tasks_hash"])
    _create_solutions()
    _create_results()


def _create_solutions() -> None:
    op.create_table(
        "solution",
        _key(),
        _reference("solution", "spec_id", "spec"),
        _text("digest"),
        sa.Column("evaluation", sa.Boolean, nullable=False),
        _reference("solution", "run_id", "run", nullable=True),
        _text("verdict"),
        sa.Column("cost", sa.Double),
        _integer("size"),
        _text("found_by", nullable=True),
        _text("generation"),
        _text("seed"),
        _text("created"),
        _unique("solution", "spec_id", "digest", "evaluation"),
    )
    op.create_index("ix_solution_run_id", "solution", ["run_id"])
    op.create_table(
        "solution_program",
        _reference("solution_program", "solution_id", "solution"),
        _integer("position"),
        _text("function"),
        _reference("solution_program", "program_id", "program"),
        sa.PrimaryKeyConstraint("solution_id", "position", name="pk_solution_program"),
    )
    op.create_index("ix_solution_program_program_id", "solution_program", ["program_id"])


def _create_results() -> None:
    op.create_table(
        "result",
        _key(),
        _reference("result", "run_id", "run"),
        _integer("position"),
        _text("name"),
        _reference("result", "spec_id", "spec", nullable=True),
        _text("split", nullable=True),
        sa.Column("evaluation", sa.Boolean, nullable=False),
        _text("status"),
        _text("verdict", nullable=True),
        _text("reason"),
        _integer("size", nullable=True),
        sa.Column("cost", sa.Double),
        _integer("candidates"),
        sa.Column("cpu_seconds", sa.Double, nullable=False),
        sa.Column("wall_seconds", sa.Double, nullable=False),
        sa.Column("startup_seconds", sa.Double, nullable=False),
        _text("found_by", nullable=True),
        sa.Column("held_out_right", sa.Boolean),
        _text("answer"),
        _text("row"),
        _reference("result", "solution_id", "solution", nullable=True),
        _text("created"),
        _unique("result", "run_id", "name"),
    )
    op.create_index("ix_result_spec_id", "result", ["spec_id"])
    op.create_index("ix_result_solution_id", "result", ["solution_id"])


def _key() -> sa.Column[int]:
    return sa.Column("id", _INTEGER, primary_key=True)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, _INTEGER, nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _reference(table: str, name: str, target: str, *, nullable: bool = False) -> sa.Column[int]:
    key = sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{name}")
    return sa.Column(name, _INTEGER, key, nullable=nullable)


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")
