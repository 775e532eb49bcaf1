# Services: each has a supervisor, a subshell of PID 1, which starts it again as `restart` says. What happens to a
# service is in /run/ingot/state/NAME, one line: waiting for …, starting, running, healthy, unhealthy: …, exited with …,
# stopping, stopped, done, or failed: …, after which it stays down.
# shellcheck shell=dash disable=SC2154 # plan.awk sets what the plan says

# A service without a health check counts as running when it has lived this long, in steps of 0.05 s; longer if it has
# died before.
settle_first=5
settle_again=100

# Runs service $1 again and again, until SIGTERM. SIGUSR1 ends its container, or its wait: `svc` sends it.
supervisor() {
  local name="$1" stopping='' again='' crun='' checker='' logger='' status='' problem='' settle="$settle_first"
  local delay=0 restarts=0 mend_wanted='' end_wanted='' self state=''
  read -r self _ </proc/self/stat
  printf '%s\n' "$self" >"/run/ingot/supervisor/$name"
  make_pipes "$name"
  open_events "/run/ingot/pipe/$name.wake"
  trap 'mend_wanted=1; wake' CHLD
  trap 'again=1 end_wanted=1; wake' USR1
  trap 'stopping=1 end_wanted=1; wake' TERM
  # For reading, too, so that a logger may die without taking the service with it.
  exec 3<>"/run/ingot/pipe/$name"
  start_logger "$name"
  exec >&3 2>&3
  # What an earlier supervisor left down, stays down.
  read_state "$name"
  if ! read_plan "services/$name" || ! prepare_once "$name"; then
    stay_down "failed: $problem"
  else
    case $state in
      'done' | failed*) stay_down "$state" ;;
    esac
  fi
  while [ -z "$stopping" ]; do
    again=
    if [ -e "/run/ingot/down/$name" ]; then
      stay_down stopped
      delay=0 restarts=0
    elif await_services "$name" && give_secrets "services/$name"; then
      run_once "$name"
    elif [ -z "$stopping$again" ]; then
      stay_down "failed: $problem"
    fi
  done
}

# Runs service $1 until it ends, and leaves it with what follows from that.
run_once() {
  local begin end ran bad
  end_wanted=
  note "$1" starting
  read -r begin _ </proc/uptime
  start_container "$1" "/containers/services/$1"
  if [ -n "$health" ]; then
    start_checker
  elif settled "$1" "$settle"; then
    note "$1" running
  fi
  # A signal that came before there was a container.
  [ -z "$stopping$again" ] || end_wanted=1
  tend
  while alive "$crun"; do
    await_event
    tend
  done
  stop_checker
  take_status
  read -r end _ </proc/uptime
  ran=$((${end%.*} - ${begin%.*}))
  kill_container "$1"
  if [ -n "$stopping" ]; then return; fi
  if [ -n "$again" ]; then
    delay=0 restarts=0
    return
  fi
  bad="exited with status $status"
  if [ -s "/run/ingot/unhealthy/$1" ]; then
    read -r bad <"/run/ingot/unhealthy/$1"
    : >"/run/ingot/unhealthy/$1"
    status=1
  fi
  case $restart_policy,$status in
    never,0 | on-failure,0)
      stay_down 'done'
      return
      ;;
    never,*)
      stay_down "failed: $bad"
      return
      ;;
  esac
  if [ "$ran" -ge "$restart_longest" ] && [ "$ran" -ge 1 ]; then
    delay=0 restarts=0
  fi
  if [ -n "$restart_limit" ] && [ "$restarts" -ge "$restart_limit" ]; then
    [ "$restarts" -eq 0 ] || bad="$bad after $restarts restarts"
    stay_down "failed: $bad"
    return
  fi
  restarts=$((restarts + 1))
  if [ "$restarts" -eq 1 ]; then delay=$restart_delay; else delay=$((delay * 2)); fi
  [ "$delay" -le "$restart_longest" ] || delay=$restart_longest
  settle=$settle_again
  note "$1" "$bad"
  say "$1 $bad after $ran s; it starts again in $delay s"
  rest "$delay"
}

# Does what is to be done once, before service $1 starts for the first time, however many supervisors it has had.
prepare_once() {
  [ ! -e "/run/ingot/prepared/$1" ] || return 0
  prepare || return
  : >"/run/ingot/prepared/$1"
}

# Leaves in `state` what service $1 is. The file may be written in this moment, and then ends early.
read_state() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    state=
    read -r state 2>/dev/null <"/run/ingot/state/$1" && break
    pause 0.01
  done
}

# Waits until the services are up that service $1 comes after; false if a signal came first.
await_services() {
  local other state waits=0
  for other in $after; do
    while [ -z "$stopping$again" ]; do
      read_state "$other"
      is_up "$state" && break
      [ "$waits" -ne 0 ] || note "$1" "waiting for $other"
      waits=$((waits + 1))
      if [ "$waits" -lt 100 ]; then pause 0.05; else pause 0.25; fi
    done
  done
  [ -z "$stopping$again" ]
}

# True if $1 is the state of a service that does what it is there for.
is_up() {
  case $1 in
    running | healthy | 'done') ;;
    *) return 1 ;;
  esac
}

# Notes state $1 and waits for a signal.
stay_down() {
  note "$name" "$1"
  case $1 in
    failed*) say "$name $1" ;;
  esac
  while [ -z "$stopping$again" ]; do await_event; done
}

# Waits $1 seconds, or until a signal that matters.
rest() {
  local now end
  read -r now _ </proc/uptime
  end=$((${now%.*} + $1))
  while [ "${now%.*}" -lt "$end" ] && [ -z "$stopping$again" ]; do
    await_event $((end - ${now%.*}))
    read -r now _ </proc/uptime
  done
}

# Does what signals have asked for while the container runs.
tend() {
  if [ -n "$mend_wanted" ]; then
    mend_wanted=
    mend
  fi
  if [ -n "$end_wanted" ]; then
    end_wanted=
    end_container
  fi
}

# Starts again the helpers of a supervisor that died.
mend() {
  if ! alive "$logger"; then
    dismiss "$logger"
    start_logger "$name"
  fi
  if [ -n "$checker" ] && ! alive "$checker"; then
    dismiss "$checker"
    start_checker
  fi
}

# Ends the container of the service, in its own way and time. When the machine stops, all that comes after this service
# has to have ended before.
end_container() {
  local other pid
  if [ -n "$stopping" ]; then
    for other in ${before-}; do
      read -r pid 2>/dev/null <"/run/ingot/supervisor/$other" || continue
      while alive "$pid"; do pause 0.02; done
    done
  fi
  [ -n "$crun" ] || return 0
  note "$name" stopping
  stop_container "$name" "$stop_signal" "$stop_timeout"
}

# Waits until the program of service $1 has run for $2 steps; false if it ends before.
settled() {
  local steps=0
  while [ "$steps" -lt "$2" ]; do
    pause 0.05
    alive "$crun" && [ -z "$stopping$again" ] || return
    if runs_program "$1"; then steps=$((steps + 1)); fi
  done
}

# Notes state $2 of service $1 and tells PID 1.
note() {
  printf '%s\n' "$2" >"/run/ingot/state/$1"
  kill -HUP 1
}
