"""Plays systemd for one program: passes sockets, receives what it notifies, and prints each thing as one line of JSON.

service_manager.py WATCHDOG_USEC NAMES PROGRAM ARG...: NAMES is "" or some of client,admin joined by a colon, or family for
both without names. A line TERM or HUP on stdin is passed on as that signal.
"""

import json
import os
import select
import signal
import socket
import sys
import tempfile


def say(**what):
    print(json.dumps(what), flush=True)


def sockets_of(folder, names):
    made = []
    for name in names:
        if name == "client":
            made.append(socket.create_server(("127.0.0.1", 0)))
            say(client=made[-1].getsockname()[1])
        else:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(os.path.join(folder, "passed.sock"))
            listener.listen()
            made.append(listener)
            say(admin=os.path.join(folder, "passed.sock"))
    return made


def child(program, notify_path, watchdog_us, listeners, named):
    environment = {**os.environ, "NOTIFY_SOCKET": notify_path}
    if watchdog_us != "0":
        environment["WATCHDOG_USEC"] = watchdog_us
    if listeners:
        # Out of the way first: a listener may stand where another belongs.
        moved = [os.dup2(one.fileno(), 40 + i, inheritable=False) for i, one in enumerate(listeners)]
        for i, fd in enumerate(moved):
            os.dup2(fd, 3 + i, inheritable=True)
        environment["LISTEN_FDS"] = str(len(listeners))
        environment["LISTEN_PID"] = str(os.getpid())
        if named:
            environment["LISTEN_FDNAMES"] = named
    os.execve(program[0], program, environment)


def main():
    watchdog_us, names, program = sys.argv[1], sys.argv[2], sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        notify_path = os.path.join(folder, "notify")
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(notify_path)
        wanted = ["admin", "client"] if names == "family" else [name for name in names.split(":") if name]
        listeners = sockets_of(folder, wanted)
        pid = os.fork()
        if pid == 0:
            child(program, notify_path, watchdog_us, listeners, "" if names == "family" else names)
        say(pid=pid)
        serve(pid, notify)


def serve(pid, notify):
    ended = os.pidfd_open(pid)
    sources = [notify, sys.stdin, ended]
    while True:
        readable, _, _ = select.select(sources, [], [])
        if notify in readable:
            say(notify=notify.recv(65536).decode())
        elif sys.stdin in readable:
            word = sys.stdin.readline().strip()
            if word == "":
                sources.remove(sys.stdin)
            else:
                os.kill(pid, getattr(signal, "SIG" + word))
        elif ended in readable:
            say(exit=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            return


main()
