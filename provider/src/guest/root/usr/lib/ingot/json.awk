# Reads the JSON value in `text`, for programs that come with it: `kind` (object, array, string or other) and `value` by
# path, such as /a/b/0; null has no value. The members of an object are in `members` by its path, parted by SUBSEP.
# `wrong` says what is not valid, if anything is.

function read_json() {
  wrong = ""
  escapes["\""] = "\""; escapes["/"] = "/"; escapes["n"] = "\n"; escapes["t"] = "\t"; escapes["r"] = "\r"
  escapes["b"] = "\b"; escapes["f"] = "\f"
  read_value("")
  skip_space()
  if (wrong == "" && text != "") wrong = "text after its end"
}

# Takes one value off the front of `text`.
function read_value(path) {
  skip_space()
  if (wrong != "") return
  if (text ~ /^\{/) { kind[path] = "object"; read_members(path, "}") }
  else if (text ~ /^\[/) { kind[path] = "array"; read_members(path, "]") }
  else if (text ~ /^"/) { kind[path] = "string"; value[path] = read_string() }
  else if (match(text, /^[-+.a-zA-Z0-9]+/)) {
    kind[path] = "other"
    if (substr(text, 1, RLENGTH) != "null") value[path] = substr(text, 1, RLENGTH)
    take(RLENGTH)
  } else complain("a value is missing")
}

function read_members(path, end, i, name) {
  members[path] = ""
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
    members[path] = members[path] (i ? SUBSEP : "") name
    read_value(path "/" name)
    skip_space()
    if (substr(text, 1, 1) == end) { take(1); return }
    if (text !~ /^,/) { complain("a comma is missing"); return }
    take(1)
  }
}

# A text of many escapes is taken apart once, and put together in pieces: else the time would grow with its square.
function read_string(parts, count, i, part, code, low, piece, result) {
  if (!match(text, /^"([^"\\]|\\.)*"/)) { complain("a string is missing, or its end"); return "" }
  count = split(substr(text, 2, RLENGTH - 2), parts, "\\")
  take(RLENGTH)
  piece = parts[1]
  for (i = 2; i <= count; i++) {
    part = parts[i]
    code = substr(part, 1, 1)
    # Two backslashes have nothing in between.
    if (part == "") { i++; piece = piece "\\" parts[i] }
    else if (code == "u") {
      if (part !~ /^u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]/) {
        complain("an escape that JSON does not have: \\u")
        return ""
      }
      code = hex(substr(part, 2, 4))
      if (code >= 55296 && code < 56320 && length(part) == 5 && parts[i + 1] ~ /^u[dD][c-fC-F][0-9a-fA-F][0-9a-fA-F]/) {
        part = parts[++i]
        low = hex(substr(part, 2, 4))
        code = 65536 + (code - 55296) * 1024 + low - 56320
      }
      if (code == 0) { complain("a character that no file may have: \\u0000"); return "" }
      piece = piece utf8(code) substr(part, 6)
    }
    else if (code in escapes) piece = piece escapes[code] substr(part, 2)
    else { complain("an escape that JSON does not have: \\" code); return "" }
    if (length(piece) > 4096) { result = result piece; piece = "" }
  }
  return result piece
}

function utf8(code) {
  if (code < 128) return sprintf("%c", code)
  if (code < 2048) return byte(192 + int(code / 64)) byte(128 + code % 64)
  if (code < 65536) return byte(224 + int(code / 4096)) byte(128 + int(code / 64) % 64) byte(128 + code % 64)
  return byte(240 + int(code / 262144)) byte(128 + int(code / 4096) % 64) byte(128 + int(code / 64) % 64) \
    byte(128 + code % 64)
}

function byte(code) { return sprintf("%c", code) }
function hex(digits, number) {
  for (; digits != ""; digits = substr(digits, 2)) {
    number = number * 16 + index("0123456789abcdef", tolower(substr(digits, 1, 1))) - 1
  }
  return number
}
# The first thing that is wrong is the one to tell.
function complain(what) { if (wrong == "") wrong = what }
function take(count) { text = substr(text, count + 1) }
function skip_space() { sub(/^[ \t\r\n]+/, "", text) }
