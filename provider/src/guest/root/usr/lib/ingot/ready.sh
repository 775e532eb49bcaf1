# What PID 1 knows of the services, and what the machine tells of itself: `ready`, and whether it still is.
# shellcheck shell=dash

# starting, ready, degraded (was ready; a service does not do what it is there for) or stopping.
machine=starting
# The port that tells the same over HTTP; nothing if the image wants none.
ready_port=
# Seconds between two reports that say the same.
repeat=600
# Set in a machine that can be looked into on its console.
debug=
# Set while `progress` works; `again` if it has to once more.
busy=
once_more=

# Takes what the spec says under `ready`, and what the kernel command line says over it.
# shellcheck disable=SC2034 # say.sh uses `fail_after`
read_ready_options() {
  local key value words word
  if [ -e /etc/ingot/ready ]; then
    while read -r key value; do
      case $key in
        port) ready_port=$value ;;
        failAfterSeconds) fail_after=$value ;;
      esac
    done </etc/ingot/ready
  fi
  read -r words </proc/cmdline
  for word in $words; do
    case $word in
      ingot.failAfter=*) fail_after=${word#*=} ;;
      ingot.repeat=*) repeat=${word#*=} ;;
      ingot.debug) debug=1 ;;
    esac
  done
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
  trap 'revive' CHLD
  keep clock -
  [ -z "$ready_port" ] || keep web "$ready_port"
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
  trap 'progress' HUP
  for name in $services; do keep supervisor "$name"; done
  progress
}

# A kept process: raises SIGALRM in PID 1 when the machine must be ready, and then whenever it is time to say it again.
clock() {
  local now
  read -r now _ </proc/uptime
  now=${now%.*}
  if [ "$now" -lt "$fail_after" ]; then
    pause $((fail_after - now))
    kill -ALRM 1
    # Should PID 1 not hear it.
    pause 60
    case $(cat /run/ingot/machine) in
      starting) printf 'o' >/proc/sysrq-trigger ;;
    esac
  fi
  while :; do
    pause "$repeat"
    kill -ALRM 1
  done
}

# A kept process: answers every GET / on port $1 with what is in /run/ingot/machine.json.
web() {
  exec httpd -f -p "$1" -u 65534:65534 -h /usr/lib/ingot/www >/dev/null 2>&1
}

# Looks at all services; says it when the machine becomes ready, is not any more, or never will be.
progress() {
  if [ -n "$busy" ]; then
    once_more=1
    return 0
  fi
  busy=1 once_more=1
  while [ -n "$once_more" ]; do
    once_more=
    look_at_services
  done
  busy=
}

# Changes `machine` by what the services are, and reports that.
look_at_services() {
  local name state bad='' failed=''
  for name in $services; do
    state=
    read -r state <"/run/ingot/state/$name"
    is_up "$state" && continue
    bad="${bad:+$bad; }$name: $state"
    case $state in
      failed:*) [ -n "$failed" ] || failed=$name ;;
    esac
  done
  case $machine,$bad in
    starting, | degraded,)
      [ "$machine" != starting ] || mark services
      become ready ''
      ;;
    starting,*)
      [ -z "$failed" ] || fail_with_logs "$bad"
      ;;
    ready,?*) become degraded "$bad" ;;
  esac
}

# The machine is $1 from now on, for reason $2, which may be empty.
become() {
  machine=$1
  report "$(describe "$2")"
  publish "$2"
}

# Prints a report of the machine as it is, with reason $1.
describe() {
  local name state states=''
  for name in $services; do
    state=
    read -r state <"/run/ingot/state/$name"
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
  printf '}\n'
}

# Puts the state, with reason $1, where `web` and `svc` read it.
publish() {
  printf '%s\n' "$machine" >/run/ingot/machine
  [ -n "$ready_port" ] || return 0
  describe "$1" >/run/ingot/machine.new
  mv /run/ingot/machine.new /run/ingot/machine.json
}

# Says again what is so; ends a boot that took too long.
expire() {
  local bad
  bad=$(list_bad)
  case $machine in
    starting)
      [ -z "$crun" ] || show_log "$step"
      fail_with_logs "not ready after $fail_after s${bad:+; $bad}"
      ;;
    ready | degraded) report "$(describe "$bad")" ;;
  esac
}

# Prints the services that do not do what they are there for.
list_bad() {
  local name state bad=''
  for name in $services; do
    state=
    read -r state 2>/dev/null <"/run/ingot/state/$name" || continue
    is_up "$state" || bad="${bad:+$bad; }$name: $state"
  done
  printf '%s' "$bad"
}

# Fails for reason $1, after the last words of the services that are to blame.
fail_with_logs() {
  local name state
  for name in $services; do
    state=
    read -r state 2>/dev/null <"/run/ingot/state/$name"
    case $state in
      '' | running | healthy | 'done' | waiting*) ;;
      *) show_log "$name" ;;
    esac
  done
  fail "$phase" "$1"
}
