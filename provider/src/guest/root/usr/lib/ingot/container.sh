# One container: what must be there before it starts, its start, its stop.
# shellcheck shell=dash

# Seconds that a container has between SIGTERM and SIGKILL.
stop_seconds=10

# Reads the runtime.json files given into `plan`, for `prepare`.
read_plans() {
  plan=$(awk -f /usr/lib/ingot/plan.awk "$@")
}

# Does what runtime.json of the container in folder $1 asks for. Where that fails, `problem` says what is wrong.
prepare() {
  local separator verb folder one two three four
  # Not white space, so that empty fields stay.
  separator=$(printf '\037')
  while IFS=$separator read -r verb folder one two three four; do
    [ "$folder" = "$1" ] || continue
    case $verb in
      mount)
        problem="cannot mount ${two:-$one} on $three"
        mount_for "$one" "$two" "$three" "$four" || return
        ;;
      mkdir)
        problem="cannot make folder $one"
        mkdir -p "$one" || return
        ;;
      cgroup)
        problem="cannot make cgroup $one"
        mkdir -p "/sys/fs/cgroup/$one" || return
        ;;
      refuse)
        problem=$one
        return 1
        ;;
    esac
  done <<END
$plan
END
}

# Mounts type $1, source $2, on $3 with options $4, each of which but $3 may be empty.
mount_for() {
  local option
  case $1,$2,$4 in
    ,,*private*)
      mount --make-private "$3"
      return
      ;;
    ,,*shared*)
      mount --make-shared "$3"
      return
      ;;
    overlay,*)
      for option in $(
        IFS=,
        # shellcheck disable=SC2086 # to split it
        printf '%s\n' $4
      ); do
        case $option in
          upperdir=* | workdir=*) mkdir -p "${option#*=}" || return ;;
        esac
      done
      ;;
  esac
  [ -e "$3" ] || mkdir -p "$3" || return
  mount ${1:+-t "$1"} ${4:+-o "$4"} "${2:-none}" "$3"
}

# Starts container $1 from folder $2 in the background: process `crun`, which ends with the container's exit status.
start_container() {
  # Left by a supervisor that was killed; this kills all that is in its cgroup.
  if [ -d "/run/crun/$1" ]; then crun delete --force "$1"; fi
  : >"/run/ingot/pid/$1"
  crun run --bundle "$2" --pid-file "/run/ingot/pid/$1" "$1" &
  crun=$!
}

# Leaves the first process of container $1 in `pid`; false if there is none yet. crun writes no end of line.
find_process() {
  pid=
  read -r pid 2>/dev/null <"/run/ingot/pid/$1"
  [ -n "$pid" ] && alive "$pid"
}

# Waits for process `crun` and leaves its exit status in `status`, however many trapped signals come meanwhile.
wait_for_container() {
  while :; do
    wait "$crun"
    status=$?
    alive "$crun" || break
  done
}

# Asks container $1 of process `crun` to end, and ends it if it does not in time. Returns at once.
stop_container() {
  local pid
  if ! find_process "$1"; then
    kill -KILL "$crun" 2>/dev/null
  elif catches_term "$pid"; then
    kill -TERM "$pid"
    (
      pause "$stop_seconds"
      kill -KILL "$pid" 2>/dev/null
    ) &
  else
    # The first process of a PID namespace never gets a signal that it has no handler for.
    kill -KILL "$pid"
  fi
}
