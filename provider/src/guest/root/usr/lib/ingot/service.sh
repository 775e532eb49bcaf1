# Services: each has a supervisor, a subshell of PID 1, which starts it again whenever it ends.
# shellcheck shell=dash

# A service counts as running when it has lived this long, in steps of 0.05 s; longer if it has died before.
settle_first=5
settle_again=100
# After this many seconds a service is well: should it end, it starts again soon.
well_seconds=60
longest_delay_seconds=30

# Starts the supervisor of service $1.
start_supervisor() {
  supervise "$1" &
  printf '%s\n' "$!" >"/run/ingot/supervisor/$1"
}

# Runs service $1 again and again, until SIGTERM.
supervise() {
  local name="$1" stopping='' crun='' settle="$settle_first" delay=1 begin end ran
  trap 'stopping=1; [ -z "$crun" ] || stop_container "$name"' TERM
  start_logger "$name"
  exec >"/run/ingot/pipe/$name" 2>&1
  while [ -z "$stopping" ]; do
    read -r begin _ </proc/uptime
    start_container "$name" "/containers/services/$name"
    # A signal that came before `crun` was known.
    [ -z "$stopping" ] || stop_container "$name"
    if settled "$name" "$settle"; then note "$name" running; fi
    wait_for_container
    crun=
    [ -z "$stopping" ] || break
    read -r end _ </proc/uptime
    ran=$((${end%.*} - ${begin%.*}))
    [ "$ran" -lt "$well_seconds" ] || delay=1
    note "$name" "exited with status $status"
    say "$name exited with status $status after $ran s; it starts again in $delay s"
    pause "$delay"
    delay=$((delay * 2))
    [ "$delay" -le "$longest_delay_seconds" ] || delay=$longest_delay_seconds
    settle=$settle_again
  done
}

# Waits until the program of service $1 has run for $2 steps; false if it ends before.
settled() {
  local steps=0 pid comm
  while [ "$steps" -lt "$2" ]; do
    pause 0.05
    alive "$crun" || return
    # Until it becomes the program, the process is crun's.
    if ! find_process "$1" || ! read -r comm 2>/dev/null <"/proc/$pid/comm"; then continue; fi
    case $comm in
      crun*) ;;
      *) steps=$((steps + 1)) ;;
    esac
  done
}

# Notes state $2 of service $1 and tells PID 1.
note() {
  printf '%s\n' "$2" >"/run/ingot/state/$1"
  kill -HUP 1
}

# Says `ready` as soon as all services run.
progress() {
  local name state states=''
  [ -z "$ready" ] || return 0
  for name in $services; do
    read -r state <"/run/ingot/state/$name"
    [ "$state" = running ] || return 0
    states="${states:+$states,}\"$name\":\"running\""
  done
  ready=1
  kill "$deadline"
  mark services
  report "{\"ingot\":\"ready\",\"image\":$(json_string "$image"),\"phases\":{$phases},\"services\":{$states}}"
}

# Starts the supervisors again that have died; what they supervised ends with the start of the new one.
revive() {
  local name pid
  for name in $services; do
    if read -r pid 2>/dev/null <"/run/ingot/supervisor/$name" && ! alive "$pid"; then
      say "the supervisor of $name died; starting it again"
      start_supervisor "$name"
    fi
  done
}

# Ends a boot that took too long, and says which services do not run.
expire() {
  local name state reason="not ready after $fail_after s"
  [ -z "$ready" ] || return 0
  [ -z "$crun" ] || show_log "$onboot"
  for name in $services; do
    read -r state 2>/dev/null <"/run/ingot/state/$name" || continue
    if [ "$state" != running ]; then
      show_log "$name"
      reason="$reason; $name: $state"
    fi
  done
  fail "$phase" "$reason"
}
