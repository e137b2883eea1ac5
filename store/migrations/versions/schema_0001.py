"""Specifications, programs, solutions, and runs with their results."""

from alembic import op

from store.migrations.columns import boolean, integer, key, primary, real, reference, text, unique

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table("grammar", key(), text("identity"), text("text"), unique("grammar", "identity"))
    op.create_table(
        "spec",
        key(),
        text("identity"),
        text("domain", nullable=True),
        text("logic", nullable=True),
        text("dialect"),
        text("classification"),
        text("conditions"),
        text("source", nullable=True),
        text("created"),
        unique("spec", "identity"),
    )
    op.create_table(
        "spec_function",
        key(),
        reference("spec_function", "spec_id", "spec"),
        integer("position"),
        text("name"),
        text("signature"),
        text("parameters"),
        text("types"),
        reference("spec_function", "grammar_id", "grammar", nullable=True),
        unique("spec_function", "spec_id", "position"),
    )
    op.create_table(
        "spec_example",
        key(),
        reference("spec_example", "spec_id", "spec"),
        integer("position"),
        text("function"),
        text("inputs"),
        text("output"),
        unique("spec_example", "spec_id", "position"),
    )
    op.create_table(
        "program",
        key(),
        text("digest"),
        text("domain", nullable=True),
        text("text"),
        text("notes"),
        integer("size"),
        unique("program", "digest"),
    )
    op.create_table(
        "run",
        key(),
        text("kind"),
        text("status"),
        text("settings"),
        text("settings_hash"),
        text("tasks_hash"),
        integer("tasks"),
        text("version"),
        text("worker"),
        text("started"),
        text("heartbeat"),
        text("finished", nullable=True),
    )
    op.create_index("ix_run_tasks_hash", "run", ["tasks_hash"])
    _create_solutions()
    _create_results()


def _create_solutions() -> None:
    op.create_table(
        "solution",
        key(),
        reference("solution", "spec_id", "spec"),
        text("digest"),
        boolean("evaluation"),
        reference("solution", "run_id", "run", nullable=True),
        text("verdict"),
        real("cost", nullable=True),
        integer("size"),
        text("found_by", nullable=True),
        text("generation"),
        text("seed"),
        text("created"),
        unique("solution", "spec_id", "digest", "evaluation"),
    )
    op.create_index("ix_solution_run_id", "solution", ["run_id"])
    op.create_table(
        "solution_program",
        reference("solution_program", "solution_id", "solution"),
        integer("position"),
        text("function"),
        reference("solution_program", "program_id", "program"),
        primary("solution_program", "solution_id", "position"),
    )
    op.create_index("ix_solution_program_program_id", "solution_program", ["program_id"])


def _create_results() -> None:
    op.create_table(
        "result",
        key(),
        reference("result", "run_id", "run"),
        integer("position"),
        text("name"),
        reference("result", "spec_id", "spec", nullable=True),
        text("split", nullable=True),
        boolean("evaluation"),
        text("status"),
        text("verdict", nullable=True),
        text("reason"),
        integer("size", nullable=True),
        real("cost", nullable=True),
        integer("candidates"),
        real("cpu_seconds"),
        real("wall_seconds"),
        real("startup_seconds"),
        text("found_by", nullable=True),
        boolean("held_out_right", nullable=True),
        text("answer"),
        text("row"),
        reference("result", "solution_id", "solution", nullable=True),
        text("created"),
        unique("result", "run_id", "name"),
    )
    op.create_index("ix_result_spec_id", "result", ["spec_id"])
    op.create_index("ix_result_solution_id", "result", ["solution_id"])
