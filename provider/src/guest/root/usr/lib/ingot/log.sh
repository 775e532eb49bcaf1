# Output of containers, in bounded memory or on a disk: /run/log/NAME.log, and what came before in NAME.log.1.
# shellcheck shell=dash

# Bytes in each of the two.
log_limit=524288

# Has logs that begin from now on kept in folder $1 of a disk, at most $2 bytes of each. Everybody finds them in
# /run/log as ever; in the folder itself nobody does. A container that writes to the disk could lay links or fifos there,
# which lead what writes logs astray, or hold it up; those that one has laid before are removed.
keep_logs_in() {
  [ ! -L "$1" ] && mkdir -p "$1" && find "$1" -mindepth 1 -maxdepth 1 ! -type f -exec rm -rf {} + &&
    mount --bind "$1" /run/log && mount -t tmpfs -o ro,mode=500,size=4k tmpfs "$1" || return
  log_limit=$(($2 / 2))
}

# Makes a new pipe for the output of container $1, and one for events. Who still reads an old one sees its end.
make_pipes() {
  [ ! -e "/run/ingot/pipe/$1" ] || rm -f "/run/ingot/pipe/$1" "/run/ingot/pipe/$1.wake"
  mkfifo "/run/ingot/pipe/$1" "/run/ingot/pipe/$1.wake"
}

# Keeps what is written to the pipe of container $1 in its log, in the background (process `logger`), as long as anybody
# else has the pipe open for writing. The caller has it open as file descriptor 3, for both: opening it never waits then.
# Where it waits, a signal ends it, and what was to be run with the pipe is not.
start_logger() {
  {
    if [ "$console" = services ]; then
      tee /dev/console <&4 3>&- 4>&- | only_log "$1" &
    else
      only_log "$1" <&4 &
    fi
    logger=$!
  } 4<"/run/ingot/pipe/$1"
}

# Becomes what writes log $1. `exec`, because for a function with redirections this shell keeps open what they replace:
# the log would wait for its own end.
only_log() {
  exec 3>&- 4>&- >/dev/null 2>&1
  keep_log "$1"
}

# Writes standard input to log $1. It goes on reading when /run is full: that must not block or kill a service.
keep_log() {
  local file="/run/log/$1.log"
  # Of a supervisor that died, or of the boot before.
  [ ! -s "$file" ] || mv "$file" "$file.1"
  while :; do
    if dd bs=4096 iflag=count_bytes count="$log_limit" of="$file" status=none; then
      [ "$(stat -c %s "$file")" -ge "$log_limit" ] || break
    else
      pause 1
    fi
    mv "$file" "$file.1"
  done
}

# Shows the end of log $1 on the console.
show_log() {
  if [ "$console" != services ] && [ -s "/run/log/$1.log" ]; then
    say "the last lines of $1:"
    tail -n 40 "/run/log/$1.log" >/dev/console
  fi
}
