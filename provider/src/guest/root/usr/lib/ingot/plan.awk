# Comes with json.awk. Turns what the image says of its containers into shell fragments, since the shell reads JSON badly
# and variables well: one file OUT/PLACE for each folder /containers/PLACE given, for the shell to source. It has the
# function `prepare`, which does what LinuxKit's runtime.json asks for before a container starts, and from ingot.json the
# variables
#   optional   secrets, secret_uid, secret_gid   stop_signal, stop_timeout
#   restart_policy, restart_limit, restart_delay, restart_longest   after, before (those that come after it)
#   health (http, tcp, command or nothing), health_port, health_path, health_status, health_interval, health_timeout,
#   health_retries, health_start, and the function `health_command`
# All have a value. To standard output goes how long it takes, in seconds, until all services have stopped.
# shellcheck does not read this; test/boot/guest-plan.test.ts runs what comes out.
#
# Usage: awk -v out=FOLDER -f json.awk -f plan.awk FOLDER…

BEGIN {
  quote = sprintf("%c", 39)
  for (i = 1; i < ARGC; i++) read_container(ARGV[i])
  for (i = 1; i < ARGC; i++) write_container(ARGV[i])
  longest = 0
  for (name in stop) if (time_to_stop(name, 0) > longest) longest = time_to_stop(name, 0)
  print longest
}

# What others have to know of a container: whom it comes after, and how long it may take to stop.
function read_container(folder, i, p, name) {
  if (folder !~ /\/services\/[^\/]*$/) return
  name = folder
  sub(/.*\//, "", name)
  read_file(folder "/ingot.json")
  stop[name] = said("/stop/timeoutSeconds", 10)
  for (i = 0; (p = "/after/" i) in value; i++) before[value[p]] = joined(before[value[p]], name)
}

# All that come after a service stop first. Specs have no circles; a damaged one must not make this endless.
function time_to_stop(name, depth, i, count, names, most, time) {
  if (depth > 100) return 0
  most = 0
  count = split(before[name], names, " ")
  for (i = 1; i <= count; i++) {
    time = time_to_stop(names[i], depth + 1)
    if (time > most) most = time
  }
  return most + stop[name]
}

function write_container(folder, file, i, p, name, text_of) {
  file = folder
  sub(/^\/?containers\//, "", file)
  sub(/.*\/containers\//, "", file)
  file = out "/" file
  name = folder
  sub(/.*\//, "", name)

  read_file(folder "/runtime.json")
  if (wrong == "" && !found) wrong = "it is not there"
  print "prepare() {" >file
  if (wrong != "") refuse(file, "runtime.json is not valid: " wrong)
  if ("/interfaces/0" in kind) refuse(file, "runtime.interfaces is not supported by this init")
  for (p in value)
    if (p ~ /^\/bindNS\// && value[p] != "") {
      refuse(file, "runtime.bindNS is not supported by this init")
      break
    }
  for (i = 0; (p = "/mounts/" i) in kind; i++)
    print "mount_for " quoted(value[p "/type"]) " " quoted(value[p "/source"]) " " quoted(value[p "/destination"]) \
      " " quoted(list(p "/options")) " || return" >file
  for (i = 0; (p = "/mkdir/" i) in value; i++) print "make_folder " quoted(value[p]) " || return" >file
  for (i = 0; (p = "/cgroups/" i) in value; i++) print "make_cgroup " quoted(value[p]) " || return" >file

  read_file(folder "/ingot.json")
  if (wrong != "") refuse(file, "ingot.json is not valid: " wrong)
  print ":\n}" >file
  text_of = said("/stop/signal", "SIGTERM")
  sub(/^SIG/, "", text_of)
  set(file, "stop_signal", text_of)
  set(file, "stop_timeout", said("/stop/timeoutSeconds", 10))
  set(file, "optional", said("/optional", "false") == "true" ? 1 : "")
  set(file, "restart_policy", said("/restart/policy", "always"))
  set(file, "restart_limit", said("/restart/limit", ""))
  set(file, "restart_delay", said("/restart/backoffSeconds", 1))
  set(file, "restart_longest", said("/restart/maxBackoffSeconds", 60))
  set(file, "after", words("/after"))
  set(file, "before", before[name])
  set(file, "health", "/health/http" in kind ? "http" : "/health/tcp" in kind ? "tcp" : "/health/command" in kind ? "command" : "")
  set(file, "health_port", said("/health/http/port", said("/health/tcp/port", "")))
  set(file, "health_path", said("/health/http/path", "/"))
  set(file, "health_status", said("/health/http/status", ""))
  set(file, "health_interval", said("/health/intervalSeconds", 10))
  set(file, "health_timeout", said("/health/timeoutSeconds", 5))
  set(file, "health_retries", said("/health/retries", 3))
  set(file, "health_start", said("/health/startPeriodSeconds", 60))
  text_of = ""
  for (i = 0; (p = "/health/command/" i) in value; i++) text_of = text_of " " quoted(value[p])
  print "health_command() {\nexec_in_container" text_of "\n}" >file
  set(file, "secrets", words("/secrets"))
  if ("/secrets/0" in value) {
    read_file(folder "/config.json")
    set(file, "secret_uid", outside("uid", said("/process/user/uid", 0)))
    set(file, "secret_gid", outside("gid", said("/process/user/gid", 0)))
  }
  close(file)
}

# What an id of a container is outside of its user namespace.
function outside(which, id, i, p) {
  id += 0
  for (i = 0; (p = "/linux/" which "Mappings/" i) in kind; i++)
    if (id >= value[p "/containerID"] + 0 && id < value[p "/containerID"] + value[p "/size"])
      return value[p "/hostID"] + id - value[p "/containerID"]
  return id
}

function refuse(file, why) { print "problem=" quoted(why) "\nreturn 1" >file }
function set(file, name, text) { print name "=" quoted(text) >file }
function said(path, otherwise) { return path in value ? value[path] : otherwise }
function joined(all, word) { return all == "" ? word : all " " word }

function words(path, i, all) {
  for (i = 0; (path "/" i) in value; i++) all = joined(all, value[path "/" i])
  return all
}

function quoted(word) {
  gsub(quote, quote "\"" quote "\"" quote, word)
  return quote word quote
}

# Notes the parts of a JSON file as json.awk does; `found` if it is there, `wrong` if it is not valid.
function read_file(file, line) {
  text = ""
  found = 0
  wrong = ""
  split("", kind)
  split("", value)
  split("", members)
  while ((getline line < file) > 0) {
    found = 1
    text = text line "\n"
  }
  close(file)
  if (found) read_json()
}

function list(path, i, all) {
  for (i = 0; (path "/" i) in value; i++) all = all (i ? "," : "") value[path "/" i]
  return all
}
