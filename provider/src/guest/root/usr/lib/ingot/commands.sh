# Commands that a boot test runs in the machine, asked for over the virtio port `ingot.commands`. Only the hypervisor of
# such a test makes that port, and only a kernel command line with the word `ingot.commands` has it looked at.
# shellcheck shell=dash

# Bytes of a question at the most, and of what a command has printed that are told.
question_limit=65536
output_limit=65536

# A kept process: answers whoever asks.
commands() {
  local folder name
  mkdir -p /run/ingot/command
  [ -e /run/ingot/command/pipe ] || mkfifo -m 600 /run/ingot/command/pipe
  while :; do
    for folder in /sys/class/virtio-ports/*; do
      if read -r name 2>/dev/null <"$folder/name" && [ "$name" = ingot.commands ]; then
        answer_port "/dev/${folder##*/}"
      fi
    done
    # Its driver may still be on its way.
    pause 0.2
  done
}

# Answers on port $1 as long as somebody is at its other end.
answer_port() {
  local question
  {
    # Waits until somebody is there, as reading would not.
    printf 'ingot.commands 1\n' >&8
    # shellcheck disable=SC3045 # busybox has read -n
    while read -r -n "$question_limit" question <&8; do answer "$question" >&8; done
  } 8<>"$1"
}

# Answers question $1: NUMBER SECONDS =SERVICE =WORD…, or `-` instead of a service for the machine itself. In a word,
# bytes that a shell could take for anything else are octal, as printf's %b has them. The answer is NUMBER, what came of
# it, and in base64 the end of what was printed, or why the command was not run.
answer() {
  local number seconds service='' count word outcome
  set -f
  # shellcheck disable=SC2086 # one argument per word
  set -- $1
  set +f
  [ $# -ge 4 ] || return 0
  case $1 in *[!0-9]* | ??????????*) return 0 ;; esac
  case $2 in *[!0-9]* | ??????*) return 0 ;; esac
  number=$1 seconds=$2
  case $3 in
    -) ;;
    =?*)
      service=$(unescape "$3")
      service=${service%.}
      ;;
    *) return 0 ;;
  esac
  shift 3
  count=$#
  while [ "$count" -gt 0 ]; do
    word=$(unescape "$1")
    set -- "$@" "${word%.}"
    shift
    count=$((count - 1))
  done
  run_command "$@"
  printf '%s %s ' "$number" "$outcome"
  base64 -w 0 /run/ingot/command/output
  printf '\n'
}

# Prints what word $1 of a question stands for, and a dot, without which the shell would drop line ends at its end.
unescape() {
  printf '%b.' "${1#=}"
}

# Runs the words $* in service `service`, or in the machine itself, for `seconds` at the most. Leaves in `outcome` what
# came of it (`exited STATUS`, `late`, `refused`), and the words in command/output. All that it has started is killed at
# its end.
run_command() {
  local group problem reader child now end waits
  if ! find_group || ! plan_process "$@"; then
    outcome=refused
    printf '%s' "$problem" >/run/ingot/command/output
    return
  fi
  tail -c "$output_limit" </run/ingot/command/pipe >/run/ingot/command/output 8>&- 9>&- &
  reader=$!
  if [ -n "$service" ]; then
    crun exec --process /run/ingot/command/process --cgroup .command "$service" </dev/null >/run/ingot/command/pipe 2>&1 8>&- 9>&- &
  else
    run_in_group "$@" </dev/null >/run/ingot/command/pipe 2>&1 8>&- 9>&- &
  fi
  child=$!
  read -r now _ </proc/uptime
  end=$((${now%.*} + seconds))
  while alive "$child" && [ "${now%.*}" -le "$end" ]; do
    pause 0.02
    read -r now _ </proc/uptime
  done
  if alive "$child"; then
    outcome=late
    printf '1' >"$group/cgroup.kill"
    dismiss "$child" 2>/dev/null
  else
    wait "$child" 2>/dev/null
    outcome="exited $?"
    printf '1' >"$group/cgroup.kill"
  fi
  # For a second at the most, or some under emulation: a process that has left the group may have taken the pipe with it.
  waits=$((20 * patience))
  while [ "$waits" -gt 0 ] && alive "$reader"; do
    waits=$((waits - 1))
    pause 0.05
  done
  dismiss "$reader"
  rmdir "$group" 2>/dev/null
}

# Makes cgroup `group` for a command of `service`: one that no service can have, within that of its container. Where that
# cannot be, `problem` says why.
find_group() {
  local pid
  group=
  case $service in
    '') ;;
    [!A-Za-z0-9]* | */*)
      problem='there is no such service'
      return 1
      ;;
    *)
      problem='there is no such service'
      [ -d "/containers/services/$service" ] || return
      problem='the service does not run'
      find_process "$service" && IFS=: read -r _ _ group <"/proc/$pid/cgroup" || return
      ;;
  esac
  group=/sys/fs/cgroup${group%/}/.command
  problem='its cgroup cannot be made'
  mkdir -p "$group"
}

# Leaves in command/process how `service`, if there is one, runs the words $*. Where that cannot be, `problem` says why.
plan_process() {
  problem='what the image says of the service cannot be read'
  [ -z "$service" ] || print_process "$service" "$@" >/run/ingot/command/process
}

# Becomes the program $1 with its arguments, in cgroup `group`.
run_in_group() {
  printf '0' >"$group/cgroup.procs" || return
  exec "$@"
}
