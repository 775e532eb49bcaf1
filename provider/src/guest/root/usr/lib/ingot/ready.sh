# What PID 1 knows of the services, and what the machine tells of itself: `ready`, and whether it still is.
# shellcheck shell=dash

# starting, ready, degraded (was ready; a service does not do what it is there for) or stopping.
machine=starting
# Why it is not ready, as `web` tells it.
reason=
# The port that tells the same over HTTP; nothing if the image wants none.
ready_port=
# What signals ask PID 1 for: to look after processes, to look at services, to say how things are.
revive_wanted=
look_wanted=
tell_wanted=

# Takes what the spec says under `ready`; the kernel command line, which is read after that, has the last word.
# shellcheck disable=SC2034 # say.sh uses `fail_after`
read_ready_options() {
  local key value
  [ -e /etc/ingot/ready ] || return 0
  while read -r key value; do
    case $key in
      port) ready_port=$value ;;
      failAfterSeconds) fail_after=$value ;;
    esac
  done </etc/ingot/ready
}

# What has to be there for all that follows, and what has to run from now on.
prepare_supervision() {
  local panic
  # Nobody else has to read it.
  umask 077
  mkdir -p /run/ingot/plan/onboot /run/ingot/plan/onshutdown /run/ingot/plan/services /run/ingot/check /run/ingot/down \
    /run/ingot/pid /run/ingot/pipe /run/ingot/prepared /run/ingot/secrets /run/ingot/state /run/ingot/supervisor \
    /run/ingot/unhealthy /run/secrets
  umask 022
  # Should PID 1 end, the machine starts anew.
  read -r panic </proc/sys/kernel/panic
  [ "$panic" != 0 ] || printf '10' >/proc/sys/kernel/panic
  ulimit -c 0
  publish ''
  open_events /run/ingot/wake
  trap 'ring' ALRM
  keep clock -
  watch_power_button
  [ -z "$ready_port" ] || keep web "$ready_port"
  [ -z "$debug" ] || keep shell -
}

# Starts all services at once; each waits for those that it comes after.
start_services() {
  local folder name
  phase=services
  for folder in /containers/services/*/; do
    [ -d "$folder" ] || continue
    folder=${folder%/}
    name=${folder##*/}
    printf 'starting\n' >"/run/ingot/state/$name"
    services="${services:+$services }$name"
  done
  trap 'look_wanted=1; wake' HUP
  for name in $services; do keep supervisor "$name"; done
  [ -z "$answers_commands" ] || keep commands -
  revive_wanted=1 look_wanted=1
  while :; do
    attend
    await_event
    # Lets go of processes that have ended, also of those that became PID 1's.
    jobs >/dev/null
  done
}

# A kept process: raises SIGALRM in PID 1 when the machine must be ready, and then whenever it is time to say it again.
clock() {
  local now
  read -r now _ </proc/uptime
  now=${now%.*}
  # It may be late already: the root took its time, or this is a clock that was started again.
  [ "$now" -ge "$fail_after" ] || pause $((fail_after - now))
  kill -ALRM 1
  # Should PID 1 not hear it.
  pause 60
  case $(cat /run/ingot/machine) in
    starting) printf 'o' >/proc/sysrq-trigger ;;
  esac
  while :; do
    pause "$repeat"
    kill -ALRM 1
  done
}

# A kept process: answers every GET / on port $1 with what is in /run/ingot/machine.json.
web() {
  exec httpd -f -p "$1" -u 65534:65534 -h /usr/lib/ingot/www >/dev/null 2>&1
}

# A kept process: a shell on the console.
shell() {
  ENV=/usr/lib/ingot/shell.sh setsid cttyhack sh </dev/console >/dev/console 2>&1
  # Without a console it ends at once, and would again.
  pause 1
}

# Does what signals have asked for.
attend() {
  if [ -n "$revive_wanted" ]; then
    revive_wanted=
    revive
  fi
  if [ -n "$look_wanted" ]; then
    look_wanted=
    look_at_services
  fi
  if [ -n "$tell_wanted" ]; then
    tell_wanted=
    tell
  fi
}

# Says it when the machine becomes ready, is not any more, or never will be.
look_at_services() {
  local name state bad='' failed=''
  [ "$phase" = services ] || return 0
  for name in $services; do
    read_state "$name"
    is_up "$state" && continue
    bad="${bad:+$bad; }$name: $state"
    case $state in
      failed:*) failed="${failed:+$failed; }$name: $state" ;;
    esac
  done
  case $machine,$bad in
    starting, | degraded,)
      [ "$machine" != starting ] || mark services
      become ready ''
      ;;
    starting,*)
      [ -z "$failed" ] || fail_with_logs "$failed"
      ;;
    ready,?*) become degraded "$bad" ;;
    degraded,*) [ "$bad" = "$reason" ] || publish "$bad" ;;
  esac
}

# The machine is $1 from now on, for reason $2, which may be empty. Whoever reads the report may ask `web` at once.
become() {
  machine=$1
  publish "$2"
  report "$(describe "$2")"
}

# Prints a report of the machine as it is, with reason $1.
describe() {
  local name state states=''
  for name in $services; do
    read_state "$name"
    case $state in
      # Costs a process.
      *[\"\\[:cntrl:]]*) state=$(json_string "$state") ;;
      *) state="\"$state\"" ;;
    esac
    states="${states:+$states,}\"$name\":$state"
  done
  printf '{"ingot":"%s","image":%s,"phases":{%s},"services":{%s}' \
    "$machine" "$(json_string "$image")" "$phases" "$states"
  [ -z "$skipped" ] || printf ',"skipped":{%s}' "$skipped"
  [ -z "$1" ] || printf ',"reason":%s' "$(json_string "$1")"
  [ -z "$debug" ] || printf ',"debug":true'
  [ -z "$answers_commands" ] || printf ',"commands":true'
  printf '}\n'
}

# Puts the state, with reason $1, where `web` and `svc` read it.
publish() {
  reason=$1
  printf '%s\n' "$machine" >/run/ingot/machine
  [ -n "$ready_port" ] || return 0
  describe "$1" >/run/ingot/machine.new
  mv /run/ingot/machine.new /run/ingot/machine.json
}

# The trap of SIGALRM. A boot that takes too long may be in the middle of anything, and ends there.
ring() {
  if [ "$machine" = starting ]; then
    trap - ALRM CHLD HUP
    [ -z "$crun" ] || show_log "$step"
    fail_with_logs "not ready after $fail_after s$(list_bad)"
  fi
  tell_wanted=1
  wake
}

# Says again how things are.
tell() {
  case $machine in
    ready | degraded) report "$(describe "$reason")" ;;
  esac
}

# Prints the services that do not do what they are there for, each after a semicolon.
list_bad() {
  local name state
  for name in $services; do
    read_state "$name"
    is_up "$state" || printf '; %s: %s' "$name" "$state"
  done
}

# Fails for reason $1, after the last words of the services that are to blame.
fail_with_logs() {
  local name state
  for name in $services; do
    read_state "$name"
    case $state in
      '' | running | healthy | 'done' | starting | waiting*) ;;
      *) show_log "$name" ;;
    esac
  done
  fail "$phase" "$1"
}
