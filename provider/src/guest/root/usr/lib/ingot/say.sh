# What the machine tells the world: lines on the console, and one JSON line when it is ready or has failed.
# shellcheck shell=dash

# The digest of the image, as the kernel command line names it.
image=
# Seconds after the kernel's start within which the machine must be ready.
fail_after=120
# How many times as long that may be, and an answer of the provider: more where the processor is emulated, and the host
# busy.
patience=1
# Seconds between two reports that say the same.
repeat=600
# `services` if what containers print goes to the console, too.
console=
# Set in a machine that can be looked into on its console.
debug=
# Set in a machine that is booted as a test which runs commands in it.
answers_commands=
# When each phase ended, in seconds after the kernel's start, as members of a JSON object.
phases=${INGOT_PHASES-}

# The process that writes to the port `ready`, if there is one.
reporter=

# Takes Ingot's options from the kernel command line.
# shellcheck disable=SC2034 # log.sh reads `console`, power.sh `debug`, ready.sh `answers_commands`
read_command_line() {
  local words word
  read -r words </proc/cmdline
  set -f
  for word in $words; do
    case $word in
      ingot.image=*) image=${word#*=} ;;
      ingot.failAfter=*) fail_after=${word#*=} ;;
      ingot.patience=*) patience=${word#*=} ;;
      ingot.repeat=*) repeat=${word#*=} ;;
      ingot.console=services) console=services ;;
      ingot.debug) console=services debug=1 ;;
      ingot.commands) answers_commands=1 ;;
    esac
  done
  set +f
  require_seconds ingot.failAfter "$fail_after"
  case $patience in
    [1-9] | [1-9][0-9]) fail_after=$((fail_after * patience)) ;;
    *) fail kernel "ingot.patience is not a number from 1 to 99: $patience" ;;
  esac
  require_seconds ingot.repeat "$repeat"
}

# $2, which the kernel command line gives for $1, must be a number of seconds, 1 or more.
require_seconds() {
  case $2 in
    '' | 0* | *[!0-9]* | ???????*) fail kernel "$1 is not a number of seconds: $2" ;;
  esac
}

# Notes that phase $1 ends now.
mark() {
  local now
  read -r now _ </proc/uptime
  phases="${phases:+$phases,}\"$1\":$now"
}

# One line for people.
say() {
  printf 'ingot: %s\n' "$*" >/dev/console
}

# Prints $1 as a JSON string.
json_string() {
  local rest="$1" char text=''
  case $1 in
    *[\"\\[:cntrl:]]*)
      while [ -n "$rest" ]; do
        char=${rest%"${rest#?}"}
        case $char in
          [\"\\]) text="$text\\$char" ;;
          [[:cntrl:]]) text="$text " ;;
          *) text="$text$char" ;;
        esac
        rest=${rest#?}
      done
      ;;
    *) text=$1 ;;
  esac
  printf '"%s"' "$text"
}

# One JSON line for programs: on the console, alone on its line, and on the virtio port named `ready` if there is one.
# shellcheck disable=SC2034 # power.sh reads `reporter`
report() {
  local port name
  printf '\n%s\n' "$1" >/dev/console
  for port in /sys/class/virtio-ports/*; do
    if read -r name 2>/dev/null <"$port/name" && [ "$name" = ready ]; then
      # Nobody has listened to the last one.
      [ -z "$reporter" ] || ! [ -e "/proc/$reporter/exe" ] || continue
      # In the background, since it blocks until somebody listens.
      printf '%s\n' "$1" >"/dev/${port##*/}" &
      reporter=$!
    fi
  done
}

# Ends a boot that failed in phase $1 for reason $2: says so, and turns the machine off.
fail() {
  trap '' ALRM CHLD HUP INT TERM USR1 USR2
  trap - EXIT
  say "boot failed in $1: $2"
  report "{\"ingot\":\"failed\",\"image\":$(json_string "$image"),\"phase\":$(json_string "$1"),\"reason\":$(json_string "$2")}"
  after_failure
}

# power.sh replaces it.
after_failure() {
  power_off poweroff
}

# Turns off a machine in which nothing runs yet; power.sh replaces it.
# shellcheck disable=SC2120
power_off() {
  /usr/bin/busybox sleep 0.2
  /usr/bin/busybox poweroff -f
  # Were PID 1 to end, the panic would take the place of the reason.
  while :; do /usr/bin/busybox sleep 60; done
}
