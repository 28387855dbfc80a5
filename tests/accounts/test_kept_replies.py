import threading

import pytest
from sqlalchemy import func, select

from shelfwise.accounts.records import Actor, Kept
from shelfwise.accounts.replies import Replies
from shelfwise.accounts.tables import replies as kept_replies
from shelfwise.errors import BusyError, EntryError, KeyReusedError

MARK = "0" * 64


@pytest.fixture
def replies(accounts):
    return Replies(accounts.db, now=accounts.clock)


@pytest.fixture
def ana(accounts):
    return Actor("Ana", accounts.user("Ana").id, admin=False)


@pytest.fixture
def mia(accounts):
    return Actor("Mia", accounts.user("Mia").id, admin=False)


def begin(replies, actor, key="k1", *, method="POST", path="/api/v1/movements", mark=MARK):
    return replies.begin(actor, key, method, path, mark)


def test_what_is_sent_again_gets_the_first_reply(replies, ana):
    assert begin(replies, ana) is None
    replies.finish(ana, "k1", 201, b'{"id": 7}', {"content-type": "application/json"})
    again = Kept(201, b'{"id": 7}', {"content-type": "application/json"})
    assert begin(replies, ana) == again
    replies.forget(ana, "k1")
    replies.finish(ana, "k1", 500, b"other")
    assert begin(replies, ana) == again


def test_any_bytes_are_kept(replies, ana):
    begin(replies, ana)
    replies.finish(ana, "k1", 204, bytes(range(256)))
    assert begin(replies, ana) == Kept(204, bytes(range(256)), {})


@pytest.mark.parametrize("other", [{"mark": "1" * 64}, {"path": "/api/v1/counts"}, {"method": "PUT"}])
@pytest.mark.parametrize("finished", [True, False])
def test_a_key_is_for_one_request(replies, ana, other, finished):
    begin(replies, ana)
    if finished:
        replies.finish(ana, "k1", 201, b"")
    with pytest.raises(KeyReusedError, match="k1 was used"):
        begin(replies, ana, **other)


def test_another_users_same_key_is_another_key(replies, ana, mia):
    begin(replies, ana)
    replies.finish(ana, "k1", 201, b"hers")
    assert begin(replies, mia, mark="1" * 64) is None
    replies.finish(mia, "k1", 201, b"other")
    assert begin(replies, ana).body == b"hers"


def test_the_same_request_waits_while_the_first_is_answered(replies, ana):
    begin(replies, ana)
    with pytest.raises(BusyError) as caught:
        begin(replies, ana)
    assert 0 < caught.value.retry_after <= 2


def test_one_that_is_unfinished_after_a_minute_is_taken_over_by_one(replies, ana, accounts):
    begin(replies, ana)
    accounts.clock.go(seconds=60)
    assert begin(replies, ana) is None
    with pytest.raises(BusyError):
        begin(replies, ana)
    replies.finish(ana, "k1", 201, b"second")
    assert begin(replies, ana).body == b"second"


def test_a_write_that_failed_may_be_sent_again(replies, ana):
    begin(replies, ana)
    replies.forget(ana, "k1")
    assert begin(replies, ana, mark="1" * 64) is None


def test_of_many_at_once_one_does_the_write(replies, ana):
    start, results = threading.Barrier(8), []

    def send():
        start.wait()
        try:
            results.append(begin(replies, ana))
        except BusyError:
            results.append("busy")

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(None) == 1 and results.count("busy") == 7


def test_keys_are_forgotten_after_some_days(replies, ana, accounts):
    for key in ("k1", "k2"):
        begin(replies, ana, key)
        replies.finish(ana, key, 201, b"")
    accounts.clock.go(days=7)
    assert begin(replies, ana) is not None
    accounts.clock.go(seconds=1)
    assert replies.purge() == 2
    begin(replies, ana, "k3")
    accounts.clock.go(days=8)
    begin(replies, ana, "k4")
    with accounts.db.read() as connection:
        assert connection.execute(select(func.count()).select_from(kept_replies)).scalar_one() == 1


def test_any_path_is_taken(replies, ana):
    path = "/api/v1/\0\ud800" + "x" * 5000
    begin(replies, ana, path=path)
    replies.finish(ana, "k1", 404, b"")
    assert begin(replies, ana, path=path) == Kept(404, b"", {})


@pytest.mark.parametrize("key", ["", "x" * 201, "a\0b", "a\nb"])
def test_strange_keys_are_refused(replies, ana, key):
    with pytest.raises(EntryError) as caught:
        begin(replies, ana, key)
    assert caught.value.field == "Idempotency-Key"


def test_a_server_that_starts_alone_gives_up_what_was_left_unanswered(replies, ana, mia):
    begin(replies, ana, "done")
    replies.finish(ana, "done", 201, b"x")
    begin(replies, ana, "left")
    begin(replies, mia, "left")
    assert replies.forget_unfinished() == 2
    assert begin(replies, ana, "left") is None
    assert begin(replies, ana, "done") == Kept(201, b"x", {})
