# Reads the runtime.json of containers (LinuxKit's: what to do outside the container before it starts) and prints one
# line per thing to do, fields separated by the byte 0x1f:
#   mount FOLDER TYPE SOURCE DESTINATION OPTIONS | mkdir FOLDER PATH | cgroup FOLDER PATH | refuse FOLDER WHY
# where FOLDER is that of the file.

BEGIN {
  OFS = "\037"
  for (i = 1; i < ARGC; i++) plan(ARGV[i])
}

function plan(file, line, folder, i, p) {
  folder = file
  sub(/\/[^\/]*$/, "", folder)
  text = ""
  while ((getline line < file) > 0) text = text line " "
  close(file)
  split("", value)
  wrong = ""
  read_value("")
  skip_space()
  if (text != "") complain("text after its end")
  if (wrong != "") {
    print "refuse", folder, "runtime.json is not valid: " wrong
    return
  }
  for (i = 0; (p = "/mounts/" i) in value; i++)
    print "mount", folder, value[p "/type"], value[p "/source"], value[p "/destination"], list(p "/options")
  for (i = 0; (p = "/mkdir/" i) in value; i++) print "mkdir", folder, value[p]
  for (i = 0; (p = "/cgroups/" i) in value; i++) print "cgroup", folder, value[p]
  if ("/interfaces/0" in value) print "refuse", folder, "runtime.interfaces is not supported by this init"
  for (p in value)
    if (p ~ /^\/bindNS\// && value[p] != "") print "refuse", folder, "runtime.bindNS is not supported by this init"
}

function list(path, i, joined) {
  for (i = 0; (path "/" i) in value; i++) joined = joined (i ? "," : "") value[path "/" i]
  return joined
}

# Takes one JSON value off the front of `text` and notes its parts in `value` by path.
function read_value(path) {
  skip_space()
  if (wrong != "") return
  value[path] = ""
  if (text ~ /^\{/) read_members(path, "}")
  else if (text ~ /^\[/) read_members(path, "]")
  else if (text ~ /^"/) value[path] = read_string()
  else if (match(text, /^[-+.a-zA-Z0-9]+/)) {
    if (substr(text, 1, RLENGTH) != "null") value[path] = substr(text, 1, RLENGTH)
    take(RLENGTH)
  } else complain("a value is missing")
}

function read_members(path, end, i, name) {
  take(1)
  skip_space()
  if (substr(text, 1, 1) == end) { take(1); return }
  for (i = 0; wrong == ""; i++) {
    name = i
    if (end == "}") {
      skip_space()
      name = read_string()
      skip_space()
      if (text !~ /^:/) { complain("a colon is missing"); return }
      take(1)
    }
    read_value(path "/" name)
    skip_space()
    if (substr(text, 1, 1) == end) { take(1); return }
    if (text !~ /^,/) { complain("a comma is missing"); return }
    take(1)
  }
}

function read_string(result, c, code) {
  if (!match(text, /^"([^"\\]|\\.)*"/)) { complain("a string is missing"); return "" }
  c = substr(text, 2, RLENGTH - 2)
  take(RLENGTH)
  while (match(c, /\\./)) {
    result = result substr(c, 1, RSTART - 1)
    code = substr(c, RSTART + 1, 1)
    c = substr(c, RSTART + 2)
    if (code == "\"" || code == "\\" || code == "/") result = result code
    else if (code == "u" && match(c, /^00[2-7][0-9a-fA-F]/)) {
      # Go writes <, > and & like this.
      result = result sprintf("%c", hex(substr(c, 3, 1)) * 16 + hex(substr(c, 4, 1)))
      c = substr(c, 5)
    } else { complain("a string with a character that no path may have"); return "" }
  }
  return result c
}

# The first thing that is wrong is the one to tell.
function complain(what) { if (wrong == "") wrong = what }
function hex(digit) { return index("0123456789abcdef", tolower(digit)) - 1 }
function take(count) { text = substr(text, count + 1) }
function skip_space() { sub(/^[ \t\r]+/, "", text) }
