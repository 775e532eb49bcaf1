# Comes with json.awk. Lays user data out below the folder `into`, as LinuxKit does: each member of the object is a file,
# {"perm": "0644", "content": "…"}, or a folder, {"perm": "0755", "entries": {…}}.
# Prints what is wrong and ends with status 1; with status 2 where the object is another, of which nothing is a file or
# a folder.

# In one piece.
BEGIN { RS = "\001" }
{ text = text $0 }

END {
  read_json()
  if (wrong != "") give_up("it is not valid JSON: " wrong)
  if (kind[""] != "object") exit 2
  count = split(members[""], names, SUBSEP)
  for (i = 1; i <= count; i++) if (is_entry("/" names[i])) known = 1
  if (!known && count > 0) exit 2
  plan_entries("")
  if (folders != "" && system("mkdir -p" folders) != 0) give_up("its folders cannot be made")
  for (path in contents) {
    printf "%s", contents[path] >(into path)
    if (close(into path) != 0) give_up(path " cannot be written")
  }
  if (modes != "" && system(modes ":") != 0) give_up("its modes cannot be set")
}

function is_entry(path) {
  return kind[path] == "object" && ((path "/content") in kind || (path "/entries") in kind)
}

# Notes what is to be made of the members of the object at `where`, at `path` below `into`.
function plan_entries(where, path, list, count, i, at, mode, target) {
  count = split(members[where], list, SUBSEP)
  for (i = 1; i <= count; i++) {
    if (list[i] !~ /^[A-Za-z0-9_][A-Za-z0-9._-]*$/) give_up("a name is not of letters, digits, dots, dashes: " list[i])
    at = where "/" list[i]
    target = path "/" list[i]
    if (!is_entry(at)) give_up(target " has neither content nor entries")
    mode = value[at "/perm"]
    if (mode != "" && mode !~ /^0?[0-7][0-7][0-7]$/) give_up(target " has a perm that is not octal: " mode)
    if ((at "/content") in kind) {
      if (kind[at "/content"] != "string") give_up(target " has a content that is not a string")
      contents[target] = value[at "/content"]
      modes = modes "chmod " (mode == "" ? "0644" : mode) " " into target " && "
    } else {
      if (kind[at "/entries"] != "object") give_up(target " has entries that are not an object")
      folders = folders " " into target
      modes = modes "chmod " (mode == "" ? "0755" : mode) " " into target " && "
      plan_entries(at "/entries", target)
    }
  }
}

function give_up(why) { print why; exit 1 }
