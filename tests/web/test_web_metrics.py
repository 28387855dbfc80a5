"""Tests of the server's figures."""

from shelfwise.web.metrics import Metrics
from shelfwise.workflows.pool_figures import Tally


def test_requests_answers_and_movements_are_counted():
    metrics = Metrics()
    metrics.request("GET", "/api/v1/stock", 200, 0.004)
    metrics.request("GET", "/api/v1/stock", 200, 0.006)
    metrics.answered("accept", 3)
    metrics.booked("sold", 2)
    text = metrics.text().decode()
    assert 'shelfwise_requests_total{method="GET",route="/api/v1/stock",status="200"} 2.0' in text
    assert 'shelfwise_request_seconds_bucket{le="0.005",route="/api/v1/stock"} 1.0' in text
    assert 'shelfwise_answers_total{kind="accept"} 3.0' in text
    assert 'shelfwise_movements_total{kind="sold"} 2.0' in text
    assert "shelfwise_photos_waiting" not in text


def test_the_pools_own_figures_are_among_them():
    tally = Tally(answered=5, refused=2, seconds_sum=1.5)
    tally.seconds[0] = 3
    tally.seconds[-1] = 2
    text = Metrics(lambda: tally.figures(waiting=4, running=1)).text().decode()
    assert "shelfwise_photos_waiting 4.0" in text
    assert 'shelfwise_photos_total{outcome="refused"} 2.0' in text
    assert 'shelfwise_photo_seconds_bucket{le="+Inf"} 5.0' in text
    assert "shelfwise_photo_seconds_count 5.0" in text
    assert "shelfwise_photo_seconds_sum 1.5" in text


def test_two_servers_in_one_process_count_apart():
    one, other = Metrics(), Metrics()
    one.booked("sold")
    assert b'shelfwise_movements_total{kind="sold"}' not in other.text()
