# Comes with json.awk. Reads the YAML in `text` into what json.awk makes of JSON: `kind`, `value`, `members`. It is the
# part of YAML that network configurations are written in: maps and lists by indentation, flow maps and lists within a
# line, texts in quotes without escapes, comments. What else there is, or what is no YAML at all, makes it stop: `unclear`
# says where.

function read_yaml(lines, count, i, line) {
  unclear = ""
  rows = 0
  depth = 0
  count = split(text, lines, "\n")
  for (i = 1; i <= count && unclear == ""; i++) {
    line = lines[i]
    sub(/\r$/, "", line)
    if (length(line) > 4096 || line ~ /^ *\t/) { stop_at(i); return }
    line = without_comment(line)
    if (line == "" || (line == "---" && rows == 0)) continue
    rows++
    row_number[rows] = i
    row_indent[rows] = match(line, /[^ ]/) - 1
    row_text[rows] = substr(line, RSTART)
  }
  kind[""] = "other"
  row = 1
  if (rows > 0) read_block("", row_indent[1])
  if (row <= rows) stop_at(row_number[row])
}

# A line without its comment and without the space at its end.
function without_comment(line, i, char, open) {
  if (line ~ /#/) {
    for (i = 1; i <= length(line); i++) {
      char = substr(line, i, 1)
      if (open != "") { if (char == open) open = "" }
      else if (char == "#" && (i == 1 || substr(line, i - 1, 1) == " ")) { line = substr(line, 1, i - 1); break }
      # A quote within a word is a letter as any other.
      else if ((char == "\"" || char == "'") && (i == 1 || substr(line, i - 1, 1) ~ /[ [{,]/)) open = char
    }
  }
  sub(/[ \t]+$/, "", line)
  return line
}

# What begins at this row, all of whose rows have this indentation or more.
function read_block(path, indent) {
  if (++depth > 20) stop_at(row_number[row])
  if (unclear == "") {
    if (row_text[row] ~ /^-( |$)/) read_list(path, indent)
    else if (take_key(row_text[row])) read_map(path, indent)
    else { row++; read_scalar(path, row_text[row - 1], row_number[row - 1]) }
  }
  depth--
}

function read_map(path, indent, child, number) {
  kind[path] = "object"
  members[path] = ""
  while (unclear == "" && row <= rows && row_indent[row] == indent && row_text[row] !~ /^-( |$)/) {
    number = row_number[row]
    if (!take_key(row_text[row]) || !add_member(path)) { stop_at(number); return }
    child = path "/" key
    row++
    if (rest != "") read_scalar(child, rest, number)
    else if (row <= rows && row_indent[row] > indent) read_block(child, row_indent[row])
    else if (row <= rows && row_indent[row] == indent && row_text[row] ~ /^-( |$)/) read_list(child, indent)
    else kind[child] = "other"
  }
}

function read_list(path, indent, i, child, number) {
  kind[path] = "array"
  for (i = 0; unclear == "" && row <= rows && row_indent[row] == indent && row_text[row] ~ /^-( |$)/; i++) {
    child = path "/" i
    number = row_number[row]
    match(row_text[row], /^-[ ]*/)
    rest = substr(row_text[row], RLENGTH + 1)
    if (rest == "") {
      row++
      if (row <= rows && row_indent[row] > indent) read_block(child, row_indent[row])
      else kind[child] = "other"
    } else {
      # What follows the dash begins a block of its own there.
      row_indent[row] = indent + RLENGTH
      row_text[row] = rest
      read_block(child, row_indent[row])
    }
  }
}

# Leaves in `key` and `rest` what a row says, if it is the member of a map.
function take_key(line) {
  if (!match(line, /^("[^"\\]*"|'[^']*'|[A-Za-z0-9_.*-]+) *:( |$)/)) return 0
  key = substr(line, 1, RLENGTH)
  rest = substr(line, RLENGTH + 1)
  sub(/^ +/, "", rest)
  sub(/ *: ?$/, "", key)
  if (key ~ /^["']/) key = substr(key, 2, length(key) - 2)
  return 1
}

# False for a key that comes twice, and for one that would be mistaken for a path.
function add_member(path) {
  if (key !~ /^[A-Za-z0-9_.*:-]+$/ || (path "/" key) in kind) return 0
  members[path] = members[path] (members[path] == "" ? "" : SUBSEP) key
  return 1
}

# A value that is in one line.
function read_scalar(path, line, number) {
  flow = line
  read_flow(path, line ~ /^[[{]/)
  if (flow != "") stop_at(number)
  if (unclear == "?") unclear = "line " number
}

# Takes one value off the front of `flow`; `within` a list or map, commas and brackets end it.
function read_flow(path, within, word) {
  if (++depth > 20) { unclear = "?"; return }
  if (flow ~ /^\[/) read_flow_list(path)
  else if (flow ~ /^\{/) read_flow_map(path)
  else if (match(flow, /^"[^"\\]*"/) || match(flow, /^'[^']*'/)) {
    kind[path] = "string"
    value[path] = substr(flow, 2, RLENGTH - 2)
    take_flow(RLENGTH)
  } else {
    # Without what begins something else in YAML.
    if (flow ~ /^["'&*!|>%@`?,#{}[]/ || flow ~ /^\]/ || flow ~ /^-( |$)/) { unclear = "?"; return }
    if (within) match(flow, /^[^][{},]*/)
    else RLENGTH = length(flow)
    word = substr(flow, 1, RLENGTH)
    sub(/ +$/, "", word)
    if (word == "" || word ~ /: /) { unclear = "?"; return }
    take_flow(RLENGTH)
    kind[path] = "other"
    if (word !~ /^(~|null|Null|NULL)$/) value[path] = word
  }
  depth--
}

function read_flow_list(path, i) {
  kind[path] = "array"
  take_flow(1)
  for (i = 0; unclear == "" && flow !~ /^\]/; i++) {
    read_flow(path "/" i, 1)
    if (flow ~ /^,/) take_flow(1)
    else if (flow !~ /^\]/) unclear = "?"
  }
  take_flow(1)
}

function read_flow_map(path) {
  kind[path] = "object"
  members[path] = ""
  take_flow(1)
  while (unclear == "" && flow !~ /^}/) {
    if (!match(flow, /^("[^"\\]*" *: *|'[^']*' *: *|[A-Za-z0-9_.*-]+ *: +)/)) { unclear = "?"; return }
    key = substr(flow, 1, RLENGTH)
    sub(/ *: *$/, "", key)
    if (key ~ /^["']/) key = substr(key, 2, length(key) - 2)
    if (!add_member(path)) { unclear = "?"; return }
    take_flow(RLENGTH)
    read_flow(path "/" key, 1)
    if (flow ~ /^,/) take_flow(1)
    else if (flow !~ /^}/) unclear = "?"
  }
  take_flow(1)
}

function take_flow(count) {
  flow = substr(flow, count + 1)
  sub(/^ +/, "", flow)
}

# The first thing that is not understood is the one to tell.
function stop_at(number) { if (unclear == "" || unclear == "?") unclear = "line " number }
