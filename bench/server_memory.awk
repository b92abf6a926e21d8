# The most memory that the processes of some servers had together, in MiB, one number for each server: their own, without
# what they share. Looks five times a second until it is killed, and prints them anew where they grew.
#
#   awk -v leaders="PID..." -f bench/server_memory.awk

function own(pid, path, line, kilobytes) {
  path = "/proc/" pid "/status"
  while ((getline line < path) > 0)
    if (line ~ /^RssAnon/) {
      sub(/^RssAnon:/, "", line)
      kilobytes = line + 0
    }
  close(path)
  return kilobytes
}
BEGIN {
  servers = split(leaders, leader, " ")
  do {
    said = ""
    for (s = 1; s <= servers; ++s) {
      children = "/proc/" leader[s] "/task/" leader[s] "/children"
      getline pids < children
      close(children)
      sum = own(leader[s])
      count = split(pids, pid, " ")
      for (p = 1; p <= count; ++p) sum += own(pid[p])
      if (sum > most[s]) most[s] = sum
      said = said " " int(most[s] / 1024)
    }
    if (said != last) print said
    fflush()
    last = said
  } while (system("sleep 0.2") == 0)
}
