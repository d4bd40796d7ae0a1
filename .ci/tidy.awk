# Input: file names, one per line. Each rule is a few lines of `check_...`.

BEGIN { kMaxLines = 500 }

{
  file = $0
  number = 0
  is_code = file ~ /\.(h|cpp)$/
  in_algorithm = file ~ /^lib\// && file !~ /^lib\/(machine|native)\//
  check_name()
  while ((getline line < file) > 0) {
    number++
    check_text()
    if (is_code) check_code()
  }
  close(file)
  if (number > kMaxLines) error("longer than " kMaxLines " lines: " number)
}

END {
  if (NR == 0) print "tidy: no files to check"
  exit errors > 0 || NR == 0
}

function check_name() {
  if (file ~ /(^|[\/._-])(utils?|helpers?|common|misc|manager)([\/._-]|$)/)
    error("a file name that says nothing: name the noun")
}

# Brackets in some patterns keep them from matching this file.
function check_text() {
  if (line ~ /(^|[^A-Za-z_])([T]ODO|[F]IXME|[X]XX|[H]ACK)([^A-Za-z_]|$)/)
    error("a note to self: do it or drop it")
  if (line ~ /\.\.\/[s]hared|\/[w]ork\/(shared|main)/) error("refers to something outside the project")
  if (line ~ /[ \t]$/) error("space at the end of the line")
}

function check_code(    code) {
  if (number == 1 && line !~ /^\/\/ [^ ]/ && !has_header(file))
    error("a file begins with a comment: purpose, idea, limits")
  if (line ~ /^[ \t]*#[ \t]*if +[0][ \t]*$/) error("code that is switched off")
  if (line ~ /^[ \t]*#[ \t]*define/ && line !~ /^#define ANYCTX_[A-Z_]+( __attribute__.*)?$/ &&
      file !~ /^(lib\/machine\/(check|raw)\.h$|fuzzers\/kernel\/(atomics|percpu)\.h$|tests\/kernel\/tree\/)/)
    error("a macro: use constexpr, a template or a function")
  if (is_commented_out(line)) error("commented-out code")

  code = line
  gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
  sub(/\/\/.*/, "", code)
  if (code ~ /(^|[^A-Za-z0-9])([a-z0-9]+_)*(utils?|helpers?|misc)(_[a-z0-9]+)*\(/)
    error("a function name that says nothing")
  if (code ~ /GTEST_[S]KIP|DISABLED_/) error("a test that does not run")
  if (in_algorithm) check_algorithm(code)
}

# The algorithms of lib/ reach memory, CPUs and storage through their machine only. lib/native is no
# algorithm: it is the owner of the storage.
function check_algorithm(code) {
  if (code ~ /std::atomic([^A-Za-z]|_ref|_flag|$)|__(atomic|sync)_|(^|[^a-z_])(volatile|thread_local)([^a-z_]|$)/)
    error("raw shared memory: use the machine's Atomic")
  if (code ~ /(^|[^a-z_])(malloc|calloc|realloc|mmap)\(|[^a-z_]new [A-Za-z]/ ||
      code ~ /std::(vector|string|map|set|deque|list|function|unique_ptr|shared_ptr)([^a-z_]|$)/)
    error("heap: storage comes from the owner")
  if (code ~ /std::(mutex|thread|jthread|chrono)([^a-z_]|$)/)
    error("a thread or a clock of its own: ask the machine")
}

# Only lines that can hardly be prose: a statement's beginning and a statement's end.
function is_commented_out(text) {
  if (text !~ /^[ \t]*\/\/[^\/]/) return 0
  sub(/^[ \t]*\/\/[ \t]*/, "", text)
  return text ~ /^(if|for|while|switch) \(.*[;{]$/ || text ~ /^return [^ ]+;$/ ||
         text ~ /^[A-Za-z_:.<>*-]+\([^ ]*\);$/ || text ~ /^[A-Za-z_:<>*& ]+ = [^ ]+;$/ ||
         text ~ /^#(include|if|endif|define)/
}

# The comment of x.h speaks for x.cpp.
function has_header(path,    ignored, status) {
  if (!sub(/\.cpp$/, ".h", path)) return 0
  status = (getline ignored < path)
  close(path)
  return status >= 0
}

function error(message) {
  printf "%s:%d: error: %s\n", file, number, message
  errors++
}
