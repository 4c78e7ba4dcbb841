"""What any browser may send over Streamlit's protocol: it drops no jobs, and what it uploads goes after it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from live import ROOT, free_port

# The real server in a thread of this process, so that what it holds can be looked at; a real websocket from outside.
SERVER = """
import functools, json, sys, threading, time
import uvicorn
from streamlit import runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from websockets.sync.client import connect
from pages.server import leftovers
leftovers.clear_away = functools.partial(leftovers.clear_away, seconds=1.0, every=0.2)
import app as served
from fil_core import DataSpec, FilRequest, ModelSpec
from fil_core.data.own import uploads
from pages.common import compute

port = int(sys.argv[1])
server = uvicorn.Server(uvicorn.Config(served.app, port=port, ws="websockets-sansio", log_level="error"))
threading.Thread(target=server.run, daemon=True).start()
while not server.started:
    time.sleep(0.05)


def say(socket, **what):
    socket.send(BackMsg(**what).SerializeToString())


def heard(socket, kind):
    while True:
        message = ForwardMsg.FromString(socket.recv(timeout=60))
        if message.WhichOneof("type") == kind:
            return message


def opened():
    return connect(f"ws://127.0.0.1:{port}/_stcore/stream", max_size=None)
"""

CLEARED = """
engine, jobs = compute.engine(), compute.jobs()
job = jobs.submit([FilRequest(data=DataSpec(name="synthetic:20000x1000"), model=ModelSpec(l2=1e-3))], title="long")
while jobs.all()[0].state == "queued":
    time.sleep(0.05)
with opened() as socket:
    say(socket, clear_cache=True)
    say(socket, app_heartbeat=True)
    heard(socket, "heartbeat_ack")
same = compute.jobs() is jobs and compute.engine() is engine
print(json.dumps([same, compute.jobs().all()[0].id == job.id, compute.jobs().all()[0].state]))
jobs.close()
"""

LEFT = """
name = uploads.save_upload(b"a,b\\n1,2\\n3,4\\n", ".csv").name
with opened() as socket:
    message = BackMsg()
    message.rerun_script.page_name = "own_data"
    message.rerun_script.query_string = f"file={name}"
    socket.send(message.SerializeToString())
    session = heard(socket, "new_session").new_session.initialize.session_id
    heard(socket, "script_finished")
    manager = runtime.get_instance().uploaded_file_mgr
    manager.add_file(session, UploadedFileRec("f", "a.csv", "text/csv", b"private"))
    time.sleep(2.0)
    there = [uploads.find_upload(name) is not None, len(manager.get_files(session, ["f"]))]
went = time.monotonic()
while uploads.find_upload(name) is not None and time.monotonic() < went + 20:
    time.sleep(0.1)
took = time.monotonic() - went
gone = [uploads.find_upload(name) is not None, len(manager.get_files(session, ["f"]))]
print(json.dumps([there, gone, took]))
"""


def said(script: str) -> list[object]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", SERVER + script, str(free_port())],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout.splitlines()[-1]))


def test_clearing_the_cache_from_a_browser_keeps_the_jobs_and_the_engine() -> None:
    assert said(CLEARED) == [True, True, "running"]


def test_what_a_visitor_uploaded_goes_once_they_have_gone() -> None:
    there, gone, took = said(LEFT)
    assert there == [True, 1] and gone == [False, 0]
    assert isinstance(took, float) and 0.5 < took < 15
