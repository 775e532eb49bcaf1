# Comes with json.awk. Prints how a container runs a program, as its config.json says, with other words in the place of
# its own program and arguments: what `crun exec --process` reads. Without, crun takes over neither the limits and the
# folder of the container's program nor that it gains no privileges. With status 1 where config.json is not valid.
#
# Usage: awk -f json.awk -f process.awk config.json WORD…

BEGIN {
  while ((getline line < ARGV[1]) > 0) text = text line "\n"
  read_json()
  if (wrong != "" || kind["/process"] != "object") exit 1
  for (i = 1; i < 32; i++) escaped[sprintf("%c", i)] = sprintf("\\u%04x", i)
  escaped["\""] = "\\\""; escaped["\\"] = "\\\\"
  for (i = 2; i < ARGC; i++) words = words (i > 2 ? "," : "") string(ARGV[i])
  print json("/process")
  # What follows are no files to read.
  exit
}

function json(path, i, count, names, result) {
  if (path == "/process/args") return "[" words "]"
  if (kind[path] == "string") return string(value[path])
  if (kind[path] == "other") return value[path] == "" ? "null" : value[path]
  count = split(members[path], names, SUBSEP)
  for (i = 1; i <= count; i++)
    result = result (i > 1 ? "," : "") (kind[path] == "object" ? string(names[i]) ":" : "") json(path "/" names[i])
  return kind[path] == "object" ? "{" result "}" : "[" result "]"
}

function string(word, i, c, result) {
  for (i = 1; i <= length(word); i++) {
    c = substr(word, i, 1)
    result = result (c in escaped ? escaped[c] : c)
  }
  return "\"" result "\""
}
