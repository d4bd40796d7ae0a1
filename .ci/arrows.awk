# Input: file names, one per line. Variable `allow`: the table of allowed arrows.

BEGIN {
  while ((getline line < allow) > 0) {
    sub(/#.*/, "", line)
    n = split(line, word, " ")
    for (i = 2; i <= n; i++) may[word[1]] = may[word[1]] " " word[i]
    if (n > 0) known[word[1]] = 1
  }
}

{
  file = $0
  number = 0
  while ((getline line < file) > 0) {
    number++
    if (line ~ /^[ \t]*#[ \t]*include[ \t]*[<"]/) check(file, number, line)
  }
  close(file)
}

END {
  if (NR == 0) print "arrows: no files to check"
  exit errors > 0 || NR == 0
}

function check(file, number, line,    target) {
  sub(/^[ \t]*#[ \t]*include[ \t]*/, "", line)
  if (line ~ /^</) {
    target = substr(line, 1, index(line, ">"))
    if (target !~ /[.\/]/) return  # the C++ standard library
  } else {
    target = substr(line, 2)
    target = substr(target, 1, index(target, "\"") - 1)
    if (!exists(target)) return error(file, number, "\"" target "\" is not a path from the root")
    if (folder_of(target) == folder_of(file)) return
  }
  if (!allowed(folder_of(file), target))
    error(file, number, folder_of(file) " may not include " target)
}

# The line of the table that a file belongs to: the longest folder that contains it.
function folder_of(file,    folder) {
  folder = file
  while (sub(/\/[^\/]*$/, "", folder))
    if (folder in known) return folder
  sub(/\/[^\/]*$/, "", file)
  return file
}

function allowed(folder, target,    n, i, word) {
  n = split(may[folder], word, " ")
  for (i = 1; i <= n; i++) {
    if (word[i] == "*" && target !~ /^(<|tests\/|corpus\/|docs\/)/) return 1
    if (word[i] ~ /^</ && index(target, word[i]) == 1) return 1
    if (word[i] == target || index(target, word[i] "/") == 1) return 1
  }
  return 0
}

function exists(path,    ignored, status) {
  status = (getline ignored < path)
  close(path)
  return status >= 0
}

function error(file, number, message) {
  printf "%s:%d: error: %s\n", file, number, message
  errors++
}
