# One container: what must be there before it starts, its start, its stop.
# shellcheck shell=dash

# The three that follow are for `prepare`, which plan.awk writes. Where they fail, `problem` says what is wrong.

# Mounts type $1, source $2, on $3 with options $4, each of which but $3 may be empty.
mount_for() {
  problem="cannot mount ${2:-$1} on $3"
  case $1,$2,$4 in
    ,,*private*)
      mount --make-private "$3"
      return
      ;;
    ,,*shared*)
      mount --make-shared "$3"
      return
      ;;
    overlay,*) make_upper "$4" || return ;;
  esac
  [ -e "$3" ] || mkdir -p "$3" || return
  mount ${1:+-t "$1"} ${4:+-o "$4"} "${2:-none}" "$3"
}

# Makes the folders that an overlay with options $1 writes to.
make_upper() {
  local rest="$1," option
  while [ -n "$rest" ]; do
    option=${rest%%,*}
    rest=${rest#*,}
    case $option in
      upperdir=* | workdir=*) mkdir -p "${option#*=}" || return ;;
    esac
  done
}

make_folder() {
  problem="cannot make folder $1"
  mkdir -p "$1"
}

make_cgroup() {
  problem="cannot make cgroup $1"
  mkdir -p "/sys/fs/cgroup/$1"
}

# Sources what plan.awk made of container $1, such as services/web.
read_plan() {
  problem='its plan is not there'
  [ -e "/run/ingot/plan/$1" ] || return
  # shellcheck source=/dev/null
  . "/run/ingot/plan/$1"
}

# Kills what is left of container $1 and removes it. It may be half made: whoever made it may have been killed.
remove_container() {
  kill_container "$1"
  crun delete --force "$1" 2>/dev/null
  [ ! -d "/run/crun/$1" ] || rm -rf "/run/crun/$1"
}

# Kills all processes of container $1, wherever they are in its cgroup.
kill_container() {
  [ ! -e "/sys/fs/cgroup/$1/cgroup.kill" ] || printf '1' >"/sys/fs/cgroup/$1/cgroup.kill"
}

# Starts container $1 from folder $2 in the background: process `crun`, which ends with the container's exit status.
start_container() {
  if [ -d "/run/crun/$1" ]; then remove_container "$1"; else kill_container "$1"; fi
  : >"/run/ingot/pid/$1"
  crun run --bundle "$2" --pid-file "/run/ingot/pid/$1" "$1" 3>&- &
  crun=$!
}

# Leaves the first process of container $1 in `pid`; false if there is none yet. crun writes no end of line.
find_process() {
  pid=
  read -r pid 2>/dev/null <"/run/ingot/pid/$1"
  [ -n "$pid" ] && alive "$pid"
}

# True once the first process of container $1 is its program: until then it is crun's.
runs_program() {
  local pid comm=''
  find_process "$1" && read -r comm 2>/dev/null <"/proc/$pid/comm" || return
  case $comm in
    crun*) return 1 ;;
  esac
}

# Prints how the container of service $1 runs the words that follow: what `crun exec --process` reads.
print_process() {
  local config="/containers/services/$1/config.json"
  shift
  awk -f /usr/lib/ingot/json.awk -f /usr/lib/ingot/process.awk "$config" "$@"
}

# The process that kills a container which does not stop in time.
late=

# Leaves the exit status of process `crun`, which has ended, in `status`.
take_status() {
  dismiss "$late"
  late=
  wait "$crun"
  status=$?
  # That may have been the status of a `wait` which a signal ended. The shell still knows the other.
  for _ in 1 2 3; do
    [ "$status" -gt 128 ] || break
    wait "$crun"
    status=$?
  done
  crun=
}

# Asks container $1 of process `crun` to end by signal $2, and kills it if it has not after $3 seconds. Returns at once.
stop_container() {
  local pid
  if ! find_process "$1"; then
    kill -KILL "$crun" 2>/dev/null
    kill_container "$1"
  elif [ "$2" != KILL ] && catches "$pid" "$2"; then
    kill -"$2" "$pid"
    kill_late "$1" "$pid" "$3" &
    late=$!
  else
    # The first process of a PID namespace never gets a signal that it has no handler for.
    kill -KILL "$pid"
  fi
}

# Kills container $1 of process `crun`, whose first process is $2, unless it ends within $3 seconds.
kill_late() {
  local now end
  read -r now _ </proc/uptime
  # Never less than $3 seconds, whatever part of one is over.
  end=$((${now%.*} + $3 + 1))
  while [ "${now%.*}" -lt "$end" ]; do
    pause 0.2
    alive "$crun" || return
    read -r now _ </proc/uptime
  done
  kill -KILL "$2" 2>/dev/null
  kill_container "$1"
}
