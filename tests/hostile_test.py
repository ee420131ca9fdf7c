#!/usr/bin/env python3
"""hostile_test.py BINARY SOURCE_DIR WORK_DIR [--big] [--update] [--any-memory]:
what fitvram says of malformed files, and the memory that it takes for them and for a long batch.

Every file of hostile/generate.py is given to `estimate` and `show`: the answer must be the one in
hostile/expected.txt, come within a second or two and in memory bounded by the file, and a refusal must
leave standard output empty. --big adds files of 100 MB, --update writes expected.txt; --any-memory is
for builds with sanitizers, which take more.
"""
import os
import resource
import subprocess
import sys
import tempfile

MEMORY_BASE = 48 << 20  # the program itself
LONGEST_LINE = 16 << 20  # of a batch
SECONDS = 10


def run(binary, command, path):
    """Exit status, stdout, stderr and peak memory of one run."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    child = subprocess.Popen([binary, command, path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, preexec_fn=limit,
                             env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"})
    try:
        out, err = child.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        return None, b"", b"took longer than %d seconds" % SECONDS
    return child.returncode, out, err


def main():
    binary, source, work = sys.argv[1:4]
    big, update = "--big" in sys.argv, "--update" in sys.argv
    expected_path = os.path.join(source, "tests/hostile/expected.txt")
    generate = [sys.executable, os.path.join(source, "tests/hostile/generate.py"), work]
    subprocess.run(generate + (["--big"] if big else []), check=True, stdout=subprocess.DEVNULL)
    os.chdir(work)
    expected = {}
    if not update:
        for line in open(expected_path, encoding="utf-8"):
            name, answer = line.rstrip("\n").split(": ", 1)
            expected[name] = answer

    answers, failures = {}, []
    for name in sorted(os.listdir(work)):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        for command in ("estimate", "show"):
            status, out, err = run(binary, command, name)
            lines = err.decode("utf-8", "replace").splitlines()
            if status not in (0, 1, 3):
                failures.append(f"{name}: {command} ended with {status}: {lines[-1:]}")
                continue
            if any(b < 32 and b not in (9, 10) or b == 127 for b in out + err):
                failures.append(f"{name}: {command} passes control characters on")
            if status == 3 and (out or not lines or len(lines) > 2):
                failures.append(f"{name}: {command} refuses with output, or not in one message: {lines}")
            if command == "estimate":
                said = lines[0].removeprefix(f"fitvram: error: {name}: ") if status == 3 else "answers"
                answers[name] = f"{status} {said}"
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        allowed = MEMORY_BASE + 4 * os.path.getsize(name)
        if "--any-memory" not in sys.argv and peak > before and peak * 1024 > allowed:
            failures.append(f"{name}: {peak >> 10} MiB of memory for a file of {os.path.getsize(name)} bytes")
        if expected and name in expected and answers.get(name) != expected[name]:
            failures.append(f"{name}: expected {expected[name]!r}, got {answers.get(name)!r}")
        if expected and name not in expected and not big:
            failures.append(f"{name}: no expectation in hostile/expected.txt")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with tempfile.TemporaryFile() as requests:
        requests.write(300 * b'{"model":"gemma-3-4b","n_ctx":1024}\n')
        requests.seek(100 << 20, os.SEEK_END)  # a line too long
        requests.write(b"\n")
        requests.seek(0)
        subprocess.run([binary, "estimate", "--batch", "-"], stdin=requests, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    if "--any-memory" not in sys.argv and peak > before and peak * 1024 > MEMORY_BASE + LONGEST_LINE:
        failures.append(f"a batch takes {peak >> 10} MiB of memory")
    if update:
        with open(expected_path, "w", encoding="utf-8") as file:
            file.writelines(f"{name}: {answer}\n" for name, answer in sorted(answers.items()))
    print(f"{len(answers)} malformed files, {len(failures)} failures")
    print("\n".join(failures))
    return 1 if failures or len(answers) < 157 else 0


sys.exit(main())
