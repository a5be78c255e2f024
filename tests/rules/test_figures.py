"""What the polling costs and how late it is: the figures that it was designed for."""

from __future__ import annotations

from .simulation import averages, learned, songs, watch


def test_a_hundred_short_songs() -> None:
    """A hundred songs of 12 s cost 0.4 lookups each and are known within 0.6 s of their end."""
    looks, lag = averages(12, lambda seed: watch(songs(100, median=12, sigma=0.3, seed=seed)))
    assert looks <= 0.4
    assert lag <= 0.6


def test_a_hundred_short_songs_again() -> None:
    """Once it is known how long they take, they are known within half a second."""
    looks, lag = averages(
        12,
        lambda seed: watch(
            songs(100, median=12, sigma=0.3, seed=seed),
            known=learned(songs(50, median=12, sigma=0.3, seed=1000 + seed)),
        ),
    )
    assert looks <= 0.4
    assert lag <= 0.5


def test_a_thousand_short_songs() -> None:
    """A thousand songs of 12 s at once cost 0.3 lookups each and are known within 0.7 s."""
    looks, lag = averages(3, lambda seed: watch(songs(1000, median=12, sigma=0.3, seed=seed)))
    assert looks <= 0.3
    assert lag <= 0.7


def test_a_song_on_its_own() -> None:
    """A song of 45 s, of a kind that is known, costs nine lookups and is known within 1.6 s."""
    looks, lag = averages(
        300,
        lambda seed: watch(
            songs(1, median=45, sigma=0.35, seed=seed),
            known=learned(songs(50, median=45, sigma=0.35, seed=1000 + seed)),
        ),
    )
    assert looks <= 9.5
    assert lag <= 1.6


def test_an_unknown_song_on_its_own() -> None:
    """A song of 45 s of which nothing is known costs twice the lookups and is hardly later."""
    looks, lag = averages(200, lambda seed: watch(songs(1, median=45, sigma=0.35, seed=seed)))
    assert looks <= 20
    assert lag <= 2.2


def test_two_hundred_songs() -> None:
    """Two hundred songs of 40 s of an unknown kind cost half a lookup each."""
    looks, lag = averages(12, lambda seed: watch(songs(200, median=40, sigma=0.3, seed=seed)))
    assert looks <= 0.5
    assert lag <= 1.5


def test_scouts_find_out() -> None:
    """Before the first of a thousand songs of 5 min ends, few lookups have been made.

    Without scouts it would be 20 for each that one task needs, which is 850.
    """
    course = watch(songs(1000, median=300, sigma=0.3, seed=0))
    assert min(course.durations) > 100
    assert course.before_the_first <= 230
    assert course.looks_each <= 0.65
    assert course.lag <= 300 / 25


def test_nobody_waits_for_long() -> None:
    """Nor is the latest news of a hundred songs late by more than a few seconds."""
    course = watch(songs(100, median=12, sigma=0.3, seed=1))
    assert len(course.lags) == 100
    assert min(course.lags) >= 0
    assert max(course.lags) <= 3.0
