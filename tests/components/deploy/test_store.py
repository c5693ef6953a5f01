import json
import multiprocessing
import os
import shutil
from pathlib import Path

import pytest

from components.deploy import store as store_module
from components.deploy.store import champion, promote, publish, versions, withdraw
from components.shared.bundle import MANIFEST, MODEL_CARD, load_bundle, read_manifest
from components.shared.errors import UserError


def _another(bundle: Path, directory: Path, fingerprint: str) -> Path:
    """Returns a copy of a bundle made from other data."""
    copy = shutil.copytree(bundle, directory / f"bundle-{fingerprint}")
    manifest = json.loads((copy / MANIFEST).read_text(encoding="utf-8")) | {"data_fingerprint": fingerprint}
    (copy / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return copy


def test_a_published_bundle_is_a_version_but_not_yet_champion(logistic_bundle: Path, store: Path) -> None:
    published = publish(logistic_bundle, store)
    assert (published.version, published.is_new) == ("v0001", True)
    assert champion(store) is None
    assert load_bundle(store / "v0001").predict(["love"]).shape == (1, 3)


def test_only_the_files_of_the_bundle_are_copied(logistic_bundle: Path, store: Path, tmp_path: Path) -> None:
    bundle = _another(logistic_bundle, tmp_path, "1")
    (bundle / "stray.txt").write_text("not of the bundle", encoding="utf-8")
    version = publish(bundle, store).version
    assert sorted(path.name for path in (store / version).iterdir()) == [
        "bundle.json",
        "vocabulary.json",
        "weights.npz",
    ]


def test_the_model_card_goes_with_the_bundle(logistic_bundle: Path, store: Path, tmp_path: Path) -> None:
    bundle = _another(logistic_bundle, tmp_path, "1")
    (bundle / MODEL_CARD).write_text("# A card", encoding="utf-8")
    promote(publish(bundle, store).version, store)
    assert (store / "champion" / MODEL_CARD).read_text(encoding="utf-8") == "# A card"


def test_promotion_moves_the_champion_from_version_to_version(
    logistic_bundle: Path, store: Path, tmp_path: Path
) -> None:
    for fingerprint, expected in (("1", "v0001"), ("2", "v0002")):
        version = publish(_another(logistic_bundle, tmp_path, fingerprint), store).version
        promote(version, store)
        assert champion(store) == version == expected
        assert read_manifest(store / "champion").data_fingerprint == fingerprint
    assert versions(store) == ["v0001", "v0002"]


def test_the_same_bundle_keeps_its_version(logistic_bundle: Path, store: Path, tmp_path: Path) -> None:
    publish(logistic_bundle, store)
    publish(_another(logistic_bundle, tmp_path, "1"), store)
    again = publish(logistic_bundle, store)
    assert (again.version, again.is_new) == ("v0001", False)
    assert versions(store) == ["v0001", "v0002"]


def test_a_damaged_version_is_not_taken_for_the_bundle(logistic_bundle: Path, store: Path) -> None:
    publish(logistic_bundle, store)
    (store / "v0001" / "weights.npz").write_bytes(b"damaged")
    assert publish(logistic_bundle, store).version == "v0002"


def test_versions_are_counted_as_numbers(logistic_bundle: Path, store: Path) -> None:
    (store / "v9999").mkdir(parents=True)
    assert publish(logistic_bundle, store).version == "v10000"
    assert versions(store) == ["v9999", "v10000"]


def test_a_damaged_bundle_is_not_published(logistic_bundle: Path, store: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(logistic_bundle, tmp_path / "damaged")
    (bundle / "weights.npz").write_bytes(b"damaged")
    with pytest.raises(UserError, match="damaged"):
        publish(bundle, store)
    assert not store.exists()


def _publish_and_die(bundle: Path, store: Path) -> None:
    """Publishes in a process that is gone, without any clean-up, while it copies the second file."""
    copy = shutil.copyfile
    copied: list[str] = []

    def copy_or_die(source: Path, destination: Path) -> None:
        copied.append(str(destination))
        if len(copied) == 2:
            destination.write_bytes(b"hal")
            os._exit(9)
        copy(source, destination)

    shutil.copyfile = copy_or_die  # type: ignore[assignment]
    publish(bundle, store)


def test_a_killed_publish_leaves_no_version_and_the_old_champion(
    logistic_bundle: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(publish(logistic_bundle, store).version, store)
    other = _another(logistic_bundle, tmp_path, "1")
    process = multiprocessing.get_context("fork").Process(target=_publish_and_die, args=(other, store))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert versions(store) == ["v0001"] and champion(store) == "v0001"
    leftover = [path for path in store.iterdir() if path.name.startswith(".incoming-")]
    assert len(leftover) == 1

    assert publish(other, store).version == "v0002"
    assert leftover[0].exists(), "it might be the work of a process that still runs"
    monkeypatch.setattr(store_module, "_LEFTOVER_AFTER_SECONDS", -1)
    publish(_another(logistic_bundle, tmp_path, "2"), store)
    assert sorted(path.name for path in store.iterdir()) == ["champion", "v0001", "v0002", "v0003"]


def test_another_process_may_finish_while_leftovers_are_looked_for(
    logistic_bundle: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = store / ".incoming-of-another-process"
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter([gone]))
    assert publish(logistic_bundle, store).version == "v0001"


def test_a_failing_copy_leaves_nothing(logistic_bundle: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Path, destination: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module.shutil, "copyfile", fail)
    with pytest.raises(UserError, match="No space left on device"):
        publish(logistic_bundle, store)
    assert list(store.iterdir()) == []


def test_a_file_that_changes_while_it_is_copied_is_noticed(
    logistic_bundle: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copyfile

    def truncate(source: Path, destination: Path) -> None:
        copy(source, destination)
        if destination.name == "weights.npz":
            destination.write_bytes(destination.read_bytes()[:-1])

    monkeypatch.setattr(store_module.shutil, "copyfile", truncate)
    with pytest.raises(UserError, match="damaged"):
        publish(logistic_bundle, store)
    assert list(store.iterdir()) == []


def test_a_failing_promotion_leaves_the_old_champion(
    logistic_bundle: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(publish(logistic_bundle, store).version, store)
    version = publish(_another(logistic_bundle, tmp_path, "1"), store).version

    def fail(source: Path, destination: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(store_module.os, "replace", fail)
    with pytest.raises(UserError, match="champion"):
        promote(version, store)
    assert sorted(path.name for path in store.iterdir()) == ["champion", "v0001", "v0002"]
    assert champion(store) == "v0001"


def test_what_is_not_a_version_cannot_become_champion(store: Path) -> None:
    store.mkdir()
    with pytest.raises(UserError, match="not a model bundle"):
        promote("v0001", store)


def test_a_champion_that_is_no_link_is_left_alone(logistic_bundle: Path, store: Path) -> None:
    shutil.copytree(logistic_bundle, store / "champion")
    version = publish(logistic_bundle, store).version
    with pytest.raises(UserError, match="move it away"):
        promote(version, store)
    assert (store / "champion" / MANIFEST).is_file()


def test_a_version_can_be_withdrawn_unless_it_is_the_champion(
    logistic_bundle: Path, store: Path, tmp_path: Path
) -> None:
    promote(publish(logistic_bundle, store).version, store)
    withdraw(publish(_another(logistic_bundle, tmp_path, "1"), store).version, store)
    withdraw("v0001", store)
    assert sorted(path.name for path in store.iterdir()) == ["champion", "v0001"]


def test_processes_that_publish_at_once_each_get_a_version(
    logistic_bundle: Path, store: Path, tmp_path: Path
) -> None:
    bundles = [_another(logistic_bundle, tmp_path, str(number)) for number in range(8)]
    with multiprocessing.get_context("fork").Pool(4) as pool:
        published = pool.starmap(publish, [(bundle, store) for bundle in bundles])
    assert sorted(one.version for one in published) == [f"v{number:04d}" for number in range(1, 9)]
    for number, one in enumerate(published):
        assert read_manifest(store / one.version).data_fingerprint == str(number)
    assert versions(store) == sorted(path.name for path in store.iterdir())


def test_a_version_named_by_another_process_meanwhile_is_not_replaced(
    logistic_bundle: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(logistic_bundle, store)
    other = _another(logistic_bundle, tmp_path, "1")
    monkeypatch.setattr(store_module, "versions", lambda store: [])
    assert publish(other, store).version == "v0002"
    assert read_manifest(store / "v0001").data_fingerprint == "d" * 16
