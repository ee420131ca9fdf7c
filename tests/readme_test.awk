# awk -v work=DIR [-v update=1] -f readme_test.awk README.md
#
# Runs every "$ " line of the ```console blocks of README.md in DIR and compares what it prints, both
# streams together, with the lines below it. A command with nothing below it is only run. A line "..."
# stands for any lines, none included. "# exit status N" at the end of a command says that it does not
# succeed. A block after a line "<!-- not run: REASON -->" is left alone. With update=1 the README is
# written anew with what the commands really print.

function fail(what) {
  print FILENAME ":" at ": $ " command "\n  " what
  failures++
}

# Whether lines `found` .. of actual are those of expected lo..hi.
function same(found, lo, hi,    i) {
  if (found < 1 || found + hi - lo > n_actual) return 0
  for (i = lo; i <= hi; i++) if (actual[found + i - lo] != expected[i]) return 0
  return 1
}

# Whether the actual lines match the expected ones, segment by segment between the "..." lines.
function matches(    lo, hi, from) {
  from = 1
  for (lo = 1; lo <= n_expected + 1; lo = hi + 2) {
    for (hi = lo - 1; hi < n_expected && expected[hi + 1] != "..."; hi++) {}
    if (lo == 1 && hi == n_expected) return n_actual == n_expected && same(1, 1, hi)
    if (lo == 1) {
      if (!same(1, lo, hi)) return 0
      from = hi + 1
    } else if (hi == n_expected) {
      return n_actual - (hi - lo) >= from && same(n_actual - (hi - lo), lo, hi)
    } else {
      while (from + hi - lo <= n_actual && !same(from, lo, hi)) from++
      if (!same(from, lo, hi)) return 0
      from += hi - lo + 1
    }
  }
  return 1
}

# The actual lines, cut as the expected ones were: as many lines before the first "..." and after the last.
function cut(    i, first, last) {
  for (i = 1; i <= n_expected; i++) if (expected[i] == "...") { if (!first) first = i; last = i }
  if (first && first - 1 + n_expected - last < n_actual) {
    for (i = 1; i < first; i++) put(actual[i])
    put("...")
    for (i = n_actual - (n_expected - last) + 1; i <= n_actual; i++) put(actual[i])
  } else {
    for (i = 1; i <= n_actual; i++) put(actual[i])
  }
}

function put(line) { output[++n_output] = line }

# Runs the command at hand, if there is one, and judges it.
function finish(    i, line, status, wanted, ok) {
  if (command == "") return
  print command > (work "/.command")
  close(work "/.command")
  status = system("cd '" work "' && sh ./.command > .output 2>&1 < /dev/null")
  if (status > 255) status = int(status / 256)
  n_actual = 0
  while ((getline line < (work "/.output")) > 0) actual[++n_actual] = line
  close(work "/.output")

  wanted = 0
  if (match(command, /# exit status [0-9]+$/)) wanted = substr(command, RSTART + 14) + 0
  ok = n_expected == 0 || matches()
  if (status != wanted) fail("exit status " status ", not " wanted)
  if (!ok && !update) {
    fail("prints:")
    for (i = 1; i <= n_actual; i++) print "  | " actual[i]
  }
  if (ok) for (i = 1; i <= n_expected; i++) put(expected[i])
  else cut()
  n_run++
  command = ""
  n_expected = 0
}

!inside && /^```console$/ {
  inside = 1
  running = !skip
  put($0)
  next
}
inside && /^```$/ {
  finish()
  inside = 0
  skip = 0
  put($0)
  next
}
inside && running && /^\$ / {
  finish()
  put($0)
  command = substr($0, 3)
  at = FNR
  next
}
inside && running && command ~ /\\$/ && n_expected == 0 {
  put($0)
  command = command "\n" $0
  next
}
inside && running && command != "" {
  expected[++n_expected] = $0
  next
}
!inside && /^<!-- not run: .+ -->$/ { skip = 1 }
!inside && skip && !/^$/ && !/^<!-- not run: / { skip = 0 }
{ put($0) }

END {
  if (inside) { print FILENAME ": a console block is not closed"; failures++ }
  if (update && !inside) {
    for (i = 1; i <= n_output; i++) print output[i] > FILENAME
    close(FILENAME)
  }
  print n_run + 0 " commands run, " failures + 0 " differ"
  exit failures > 0
}
