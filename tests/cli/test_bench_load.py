"""The bench of load, held against numbers whose meaning is known."""

from vivavoce.cli.bench.load_report import report_on


def test_sessions_per_core_and_spreads_are_of_what_was_measured():
    listening = {"sessions": 50, "lost": 1, "delays_ms": [1.0] * 99 + [30.0], "sent_late_ms": 2.0}
    server = {"cpu": 0.4, "loop_lag_ms": [], "memory_mib": None}
    talking = {"sessions": 2, "turns": 3, "answered": 2, "cut_in": 1, "ms": [400.0]}
    told = report_on({"listening": [listening | server], "talking": [talking | server]})
    row = told["listening"][0]
    assert row["sessions_per_core"] == 125 and row["lost"] == 1
    assert row["frame_delay_ms"]["p50"] == 1.0 < row["frame_delay_ms"]["p99"] < row["frame_delay_ms"]["max"] == 30.0
    assert told["talking"][0]["voice_to_voice_ms"]["p95"] == 400.0 and row["loop_lag_ms"] is None
