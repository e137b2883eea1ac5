"""What learning leaves: tasks, cycles, libraries and generations, checkpoints, metrics and events."""

from alembic import op

from store.migrations.columns import integer, key, primary, real, reference, text, unique

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables of learning, and let a run have results in several cycles."""
    with op.batch_alter_table("result") as result:
        result.add_column(integer("cycle", default="0"))
        result.drop_constraint("uq_result_run_id_name", type_="unique")
        result.create_unique_constraint("uq_result_run_id_cycle_name", ["run_id", "cycle", "name"])
    op.create_table(
        "result_solution",
        reference("result_solution", "result_id", "result"),
        integer("position"),
        reference("result_solution", "solution_id", "solution"),
        real("cost", nullable=True),
        primary("result_solution", "result_id", "position"),
    )
    op.create_index("ix_result_solution_solution_id", "result_solution", ["solution_id"])
    # What was found before has no further programs.
    op.execute(
        "INSERT INTO result_solution (result_id, position, solution_id, cost) "
        "SELECT id, 0, solution_id, cost FROM result WHERE solution_id IS NOT NULL"
    )
    op.create_table(
        "task",
        key(),
        text("domain"),
        text("source"),
        integer("position"),
        text("name"),
        text("split", nullable=True),
        text("algorithm", nullable=True),
        reference("task", "spec_id", "spec"),
        text("created"),
        unique("task", "domain", "source", "name"),
    )
    op.create_index("ix_task_spec_id", "task", ["spec_id"])
    _create_progress()
    _create_libraries()
    _create_generations()


def _create_progress() -> None:
    op.create_table(
        "cycle",
        key(),
        reference("cycle", "run_id", "run"),
        integer("number"),
        text("phase"),
        text("data"),
        text("started"),
        text("finished", nullable=True),
        unique("cycle", "run_id", "number"),
    )
    op.create_table(
        "metric",
        key(),
        reference("metric", "run_id", "run"),
        integer("cycle"),
        text("name"),
        integer("step"),
        real("value", nullable=True),
        text("created"),
        unique("metric", "run_id", "cycle", "name", "step"),
    )
    op.create_table(
        "event",
        key(),
        reference("event", "run_id", "run"),
        integer("cycle"),
        text("kind"),
        text("message"),
        text("data"),
        text("created"),
    )
    op.create_index("ix_event_run_id", "event", ["run_id"])


def _create_libraries() -> None:
    op.create_table(
        "abstraction",
        key(),
        text("domain"),
        integer("number"),
        text("name"),
        text("key"),
        text("type"),
        text("definition"),
        text("notes"),
        integer("size"),
        text("created"),
        unique("abstraction", "domain", "key"),
        unique("abstraction", "domain", "name"),
        unique("abstraction", "domain", "number"),
    )
    op.create_table(
        "abstraction_parent",
        reference("abstraction_parent", "abstraction_id", "abstraction"),
        reference("abstraction_parent", "parent_id", "abstraction"),
        primary("abstraction_parent", "abstraction_id", "parent_id"),
    )
    op.create_table(
        "library_version",
        key(),
        text("domain"),
        integer("number"),
        text("digest"),
        text("created"),
        unique("library_version", "domain", "digest"),
        unique("library_version", "domain", "number"),
    )
    op.create_table(
        "library_member",
        reference("library_member", "version_id", "library_version"),
        integer("position"),
        reference("library_member", "abstraction_id", "abstraction"),
        primary("library_member", "version_id", "position"),
        unique("library_member", "version_id", "abstraction_id"),
    )
    op.create_index("ix_library_member_abstraction_id", "library_member", ["abstraction_id"])
    op.create_table(
        "solution_form",
        key(),
        reference("solution_form", "solution_id", "solution"),
        reference("solution_form", "version_id", "library_version"),
        text("function"),
        text("text"),
        text("notes"),
        integer("size"),
        real("cost", nullable=True),
        unique("solution_form", "solution_id", "version_id", "function"),
    )
    op.create_index("ix_solution_form_version_id", "solution_form", ["version_id"])


def _create_generations() -> None:
    op.create_table(
        "checkpoint",
        key(),
        text("kind"),
        text("digest"),
        integer("size"),
        text("created"),
        unique("checkpoint", "digest"),
    )
    op.create_table(
        "generation",
        key(),
        text("domain"),
        integer("number"),
        text("name"),
        reference("generation", "run_id", "run"),
        integer("cycle"),
        reference("generation", "parent_id", "generation", nullable=True),
        reference("generation", "version_id", "library_version"),
        text("weights"),
        reference("generation", "checkpoint_id", "checkpoint", nullable=True),
        text("created"),
        unique("generation", "domain", "number"),
        unique("generation", "name"),
        unique("generation", "run_id", "cycle", "domain"),
    )
    op.create_table(
        "abstraction_use",
        reference("abstraction_use", "generation_id", "generation"),
        reference("abstraction_use", "abstraction_id", "abstraction"),
        integer("uses"),
        text("statistics"),
        primary("abstraction_use", "generation_id", "abstraction_id"),
    )
