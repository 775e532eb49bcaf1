# Steps: containers of onboot and onshutdown, each run to its end.
# shellcheck shell=dash disable=SC2154 # plan.awk sets what the plan says

# The container of the step that runs, and process `crun` of it.
step=
crun=
# Members of a JSON object: the optional steps that failed, and why.
skipped=
# Set when all steps of onboot have run: only then do those of onshutdown have something to undo.
onboot_done=

# Runs step $1, such as onboot/000-format, to its end. If it fails, `problem` says how.
run_step() {
  local waits=0
  step=${1##*/}
  read_plan "$1" || return
  prepare || return
  give_secrets "$1" || return
  make_pipes "$step"
  exec 3<>"/run/ingot/pipe/$step"
  start_logger "$step"
  start_container "$step" "/containers/$1" >&3 2>&3
  exec 3>&-
  # On the way down there are no more events.
  while [ "$machine" != stopping ] && alive "$crun"; do
    await_event
    attend
  done
  take_status
  [ "$status" -ne 0 ] || return 0
  problem="exit status $status"
  # All that it has said; for 5 s at the most, since it may have left somebody behind who goes on speaking.
  while alive "$logger" && [ "$waits" -lt 100 ]; do
    waits=$((waits + 1))
    pause 0.05
  done
  show_log "$step"
  return 1
}

# Has plan.awk turn what the image says of all containers into what the shell can read.
plan_containers() {
  local folder
  set --
  for folder in /containers/*/*/; do
    case $folder in
      /containers/onboot/* | /containers/onshutdown/* | /containers/services/*)
        [ ! -d "$folder" ] || set -- "$@" "${folder%/}"
        ;;
    esac
  done
  [ $# -eq 0 ] || stop_limit=$(awk -v out=/run/ingot/plan -f /usr/lib/ingot/json.awk \
    -f /usr/lib/ingot/plan.awk "$@") || fail "$phase" 'cannot read what the image says of its containers'
}

# Runs the steps of onboot; one that fails ends the boot, unless it is optional.
run_onboot() {
  local folder
  # Not before: it would end each `wait` of the phases before this one.
  trap 'revive_wanted=1; wake' CHLD
  for folder in /containers/onboot/*/; do
    [ -d "$folder" ] || continue
    folder=${folder%/}
    phase=onboot/${folder##*/}
    optional=
    run_step "$phase" && continue
    [ -n "$optional" ] || fail "$phase" "$problem"
    say "$phase failed: $problem; it is optional"
    skipped="${skipped:+$skipped,}\"$phase\":$(json_string "$problem")"
  done
  onboot_done=1
}

# Runs the steps of onshutdown, each for $1 seconds at the most; nothing keeps the machine from going down.
run_onshutdown() {
  local folder limit
  for folder in /containers/onshutdown/*/; do
    [ -d "$folder" ] || continue
    folder=${folder%/}
    limit_step "onshutdown/${folder##*/}" "$1" &
    limit=$!
    run_step "onshutdown/${folder##*/}" || say "onshutdown/${folder##*/} failed: $problem"
    kill "$limit" 2>/dev/null
  done
}

# Kills step $1 after $2 seconds.
limit_step() {
  pause "$2"
  say "$1 took longer than $2 s"
  kill_container "${1##*/}"
}
