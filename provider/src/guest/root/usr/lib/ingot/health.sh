# Health checks of services. Each service that has one has a checker, a subshell of its supervisor.
# shellcheck shell=dash disable=SC2154 # plan.awk and service.sh set what is not set here

# Seconds within which crun must have started a program; more under emulation, as `patience` says.
start_limit=120

# Starts the checker of the container that runs: process `checker`.
start_checker() {
  check_health "$name" &
  checker=$!
}

stop_checker() {
  local ended="$checker"
  checker=
  dismiss "$ended"
}

# Checks service $1 until it is to be restarted: it notes why, and ends the container.
check_health() {
  local now made begin='' failures=0 passed='' step=0.1 state=''
  read -r now _ </proc/uptime
  made=${now%.*}
  # Of a checker that died.
  read_state "$1"
  case $state in
    healthy | unhealthy*) passed=1 step=$health_interval ;;
  esac
  while :; do
    pause "$step"
    # An orphan must not end the container of another supervisor.
    alive "$self" || return
    if [ -z "$begin" ]; then
      # crun takes its time on a busy machine; that of the program begins when it runs.
      read -r now _ </proc/uptime
      runs_program "$1" || [ $((${now%.*} - made)) -ge $((start_limit * patience)) ] || continue
      begin=${now%.*}
    fi
    if is_healthy "$1"; then
      if [ "$state" != healthy ]; then
        state=healthy
        note "$1" healthy
      fi
      passed=1 failures=0 step=$health_interval
      continue
    fi
    if [ -z "$passed" ]; then
      # Soon at first, so that it counts as healthy soon after it is.
      case $step in
        0.1) step=0.2 ;;
        0.2) step=0.4 ;;
        0.4) step=0.8 ;;
        *) [ "$health_interval" -lt 2 ] && step=1 || step=2 ;;
      esac
      read -r now _ </proc/uptime
      [ $((${now%.*} - begin)) -ge "$health_start" ] || continue
      step=$health_interval
    fi
    failures=$((failures + 1))
    [ "$failures" -ge "$health_retries" ] || continue
    problem="was not healthy: $problem"
    if [ "$restart_policy" != never ]; then
      printf '%s\n' "$problem" >"/run/ingot/unhealthy/$1"
      stop_container "$1" "$stop_signal" "$stop_timeout"
      return
    fi
    if [ "$state" != unhealthy ]; then
      state=unhealthy
      note "$1" "unhealthy: $problem"
      say "$1 $problem"
    fi
  done
}

# Asks service $1 once. If it is not healthy, `problem` says why.
is_healthy() {
  local pid answer status
  problem='it does not run yet'
  find_process "$1" || return
  case $health in
    command)
      health_command
      status=$?
      [ "$status" -eq 0 ] && return
      problem="its check exited with status $status"
      if [ "$status" -eq 137 ]; then
        problem="its check took longer than $health_timeout s"
        if read -r pid 2>/dev/null <"/run/ingot/check/$1" && alive "$pid"; then kill -KILL "$pid" 2>/dev/null; fi
      fi
      return 1
      ;;
    tcp)
      problem="port $health_port takes no connection"
      in_network "$pid" nc -w "$health_timeout" 127.0.0.1 "$health_port" -e /usr/bin/busybox true >/dev/null 2>&1
      return
      ;;
  esac
  problem="port $health_port does not answer"
  answer=$(ask_health "$1" "$pid")
  [ -n "$answer" ] || return
  problem="it answers with status $answer"
  if [ -n "$health_status" ]; then
    [ "$answer" = "$health_status" ]
    return
  fi
  case $answer in
    2?? | 3??) ;;
    *) return 1 ;;
  esac
}

# Prints the status with which service $1, whose first process is $2, answers a request.
ask_health() {
  local version status
  [ -e "/run/ingot/check/$1:ask" ] || mkfifo "/run/ingot/check/$1:ask"
  {
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\nUser-Agent: ingot-health\r\nConnection: close\r\n\r\n' \
      "$health_path" "$health_port" >&4
    # The pipe stays open for writing, since some servers take an end of what is sent for the end of all.
    in_network "$2" nc -w "$health_timeout" 127.0.0.1 "$health_port" <&4 2>/dev/null | {
      read -r version status _
      case $version,$status in
        HTTP/*,[1-5][0-9][0-9]) printf '%s' "$status" ;;
      esac
    }
  } 4<>"/run/ingot/check/$1:ask"
}

# Runs a command in the network of process $1, for as long as a check may take.
in_network() {
  local pid="$1"
  shift
  if [ "/proc/$pid/ns/net" -ef /proc/1/ns/net ]; then
    timeout -s KILL "$health_timeout" "$@"
  else
    timeout -s KILL "$health_timeout" nsenter -n"/proc/$pid/ns/net" "$@"
  fi
}

# For `health_command`, which plan.awk writes: a check may do what its service may, and no more.
exec_in_container() {
  # A colon is in the name of no other service.
  local process="/run/ingot/check/$name:process"
  # Once: it is the same each time, and costs as much as the check.
  if [ ! -e "$process" ]; then
    print_process "$name" "$@" >"$process.new" && mv "$process.new" "$process" || return
  fi
  timeout -s KILL "$health_timeout" \
    crun exec --process "$process" --pid-file "/run/ingot/check/$name" "$name" >/dev/null 3>&-
}
