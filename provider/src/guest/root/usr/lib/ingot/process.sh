# Waiting for processes, looking at them, and keeping them, without starting any to do so.
# shellcheck shell=dash

# Sleeps $1 seconds: nobody ever writes to that pipe. A trapped signal ends it early.
pause() {
  # shellcheck disable=SC3045 # busybox has read -t
  read -r -t "$1" _ <>/run/ingot/never
}

# True while process $1 runs; a zombie has no program any more.
alive() {
  [ -e "/proc/$1/exe" ]
}

# Kills the child $1, if there is one, and lets go of it.
dismiss() {
  [ -n "$1" ] || return 0
  kill -KILL "$1" 2>/dev/null
  wait "$1"
}

# True if process $1 has a handler for signal $2, such as TERM. It has bit n - 1 of the mask.
catches() {
  local name mask number
  case $2 in
    HUP) number=1 ;;
    INT) number=2 ;;
    QUIT) number=3 ;;
    USR1) number=10 ;;
    USR2) number=12 ;;
    TERM) number=15 ;;
    WINCH) number=28 ;;
    *) return 1 ;;
  esac
  while read -r name mask; do
    if [ "$name" = SigCgt: ]; then
      [ $((0x${mask#????????} >> (number - 1) & 1)) -ne 0 ]
      return
    fi
  done 2>/dev/null <"/proc/$1/status"
  return 1
}

# Traps. This shell may run one between any two commands, even inside of another, after which $? is not to be trusted,
# and with whatever IFS is then. So a trap only sets a variable and calls `wake`; what has to be done is done after
# `await_event`. (Those that end the machine are different: they do not come back.)

# Set if an event waits to be taken.
awake=

# Takes the pipe $1 for events, on file descriptor 9. A signal that comes before its reader does is not lost there.
open_events() {
  exec 9<>"$1"
  awake=
}

# Lets `await_event` return.
wake() {
  [ -z "$awake" ] || return 0
  awake=1
  printf '\n' >&9
}

# Waits for an event, for $1 seconds if that is given.
await_event() {
  # shellcheck disable=SC3045 # busybox has read -t
  read -r ${1:+-t "$1"} _ <&9
  awake=
}

# What must never end while the machine runs: words FUNCTION,ARGUMENT,PID.
kept=

# Runs function $1 with argument $2 in the background, and again whenever it ends.
keep() {
  "$1" "$2" &
  kept="$kept $1,$2,$!"
}

# Starts again what has ended of that which is kept.
revive() {
  local word what
  for word in $kept; do
    alive "${word##*,}" && continue
    kept=" $kept "
    kept="${kept%% "$word" *} ${kept#* "$word" }"
    what=${word%,*}
    case $what in
      *,-) say "the ${what%,*} died; starting it again" ;;
      *) say "the ${what%%,*} of ${what#*,} died; starting it again" ;;
    esac
    keep "${what%%,*}" "${what#*,}"
  done
}
