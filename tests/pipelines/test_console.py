"""The console passes on what people need, and finds the user's mistake in a step's traceback."""

import io

from pipelines.console import Console

LOG = """\x1b[96m12:00:00 - INFO - Executing task \x1b[96m'ingest'\x1b[0m
    [KFP Executor] INFO noise
    » Kept 3 of 4 rows
    reading:  50%|#####     | 1/2
    Traceback (most recent call last):
    components.shared.errors.UserError: data.csv: no column 'Rating'; present are a, b
12:00:01 - ERROR - Task \x1b[96m'ingest'\x1b[0m finished with status \x1b[91mFAILURE\x1b[0m
"""


def _watch(text: str, verbose: bool = False) -> tuple[Console, str, str]:
    terminal, log = io.StringIO(), io.StringIO()
    console = Console(terminal, log, verbose)
    for start in range(0, len(text), 7):  # text arrives in pieces, not in lines
        console.write(text[start : start + 7])
    return console, terminal.getvalue(), log.getvalue()


def test_the_users_mistake_is_found_in_the_traceback() -> None:
    console, _, _ = _watch(LOG)
    assert console.user_error == "data.csv: no column 'Rating'; present are a, b"


def test_the_terminal_shows_steps_and_progress_but_no_traceback() -> None:
    _, terminal, _ = _watch(LOG)
    assert "✗ ingest" in terminal
    assert "50%|" in terminal
    assert "Traceback" not in terminal and "noise" not in terminal


def test_what_a_step_says_to_people_is_shown_without_its_mark() -> None:
    _, terminal, _ = _watch(LOG)
    assert "\n  Kept 3 of 4 rows\n" in "\n" + terminal


def test_the_log_has_every_line_without_colours() -> None:
    _, _, log = _watch(LOG)
    assert log.count("\n") == LOG.count("\n")
    assert "Traceback" in log and "\x1b" not in log


def test_verbose_shows_everything() -> None:
    _, terminal, _ = _watch(LOG, verbose=True)
    assert "Traceback" in terminal and "noise" in terminal


def test_the_time_of_each_step_is_kept_in_order() -> None:
    log = "".join(
        f"Executing task '{name}'\nTask '{name}' finished with status SUCCESS\n" for name in ("a", "b", "b")
    )
    console, terminal, _ = _watch(log)
    assert [step for step, _ in console.step_seconds] == ["a", "b", "b"]
    assert terminal.count("✓") == 3
    assert console.user_error is None


def test_steps_that_run_for_both_models_are_told_apart_by_what_they_built() -> None:
    steps = (("prune", "lstm"), ("prune-2", "distilbert"), ("quantize-2-2", "distilbert"))
    log = "".join(
        f"Executing task '{task}'\n    {model}-x: 0.20 MB, agrees\nTask '{task}' finished with status SUCCESS\n"
        for task, model in steps
    )
    console, terminal, _ = _watch(log)
    assert [step for step, _ in console.step_seconds] == ["prune lstm", "prune distilbert", "quantize distilbert"]
    assert "  distilbert-x: 0.20 MB, agrees\n" in terminal


def test_it_is_known_whether_anything_was_trained() -> None:
    early, _, _ = _watch(LOG)
    late, _, _ = _watch("Executing task 'train-lstm'\nTask 'train-lstm' finished with status SUCCESS\n" + LOG)
    assert not early.has_trained
    assert late.has_trained
