# The lines of bench/postgres_round as a table: medians with ranges, and how many times as fast pgmirror is as the
# better of PostgreSQL's own ways.

function sorted(values, count, i, j, kept) {
  for (i = 2; i <= count; ++i) {
    kept = values[i]
    for (j = i - 1; j >= 1 && values[j] > kept; --j) values[j + 1] = values[j]
    values[j + 1] = kept
  }
}
function median(key, count, i) {
  for (i = 1; i <= count; ++i) figures[i] = all[key, i] + 0
  sorted(figures, count)
  least = figures[1]
  most = figures[count]
  return count % 2 ? figures[(count + 1) / 2] : (figures[count / 2] + figures[count / 2 + 1]) / 2
}
{
  workload = $1; way = $2
  if (!(workload in ways)) order[++workloads] = workload
  if (!((workload, way) in rounds)) ways[workload] = ways[workload] " " way
  n = ++rounds[workload, way]
  for (field = 3; field <= 9; ++field) all[workload, way, field, n] = $field
}
END {
  print "| workload | way | seconds | source CPU s | agent CPU s | mirror CPU s | source MiB | agent MiB | mirror MiB |"
  print "|---|---|---|---|---|---|---|---|---|"
  for (w = 1; w <= workloads; ++w) {
    workload = order[w]
    best = 0
    ours = 0
    count = split(ways[workload], names, " ")
    for (i = 1; i <= count; ++i) {
      way = names[i]
      n = rounds[workload, way]
      for (field = 3; field <= 9; ++field) {
        value[field] = median(workload SUBSEP way SUBSEP field, n)
        if (field == 3) { low = least; high = most }
      }
      printf "| %s | %s | %.2f [%.2f..%.2f] | %.2f | %.2f | %.2f | %d | %s | %d |\n", workload, way, value[3], low, high,
        value[4] / 100, value[5] / 100, value[6] / 100, value[7],
        (value[8] > 0 ? value[8] : "-"), value[9]
      if (way == "pgmirror") ours = value[3]
      else if (way == "0_ms") near = value[3]
      else if (way ~ /_ms$/) printf "| %s | share | **%.2f** of the rate without a trip | | | | | | |\n", workload, near / value[3]
      else if ((way == "default" || way == "tuned") && (best == 0 || value[3] < best)) best = value[3]
    }
    if (ours > 0 && best > 0 && workload != "steady")
      printf "| %s | ratio | **%.2f** times as fast as the better native way | | | | | | |\n", workload, best / ours
  }
}
