# Waiting and looking at processes without starting any.
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

# True if process $1 has a handler for SIGTERM, which is bit 14 of the mask.
catches_term() {
  local name mask
  while read -r name mask; do
    if [ "$name" = SigCgt: ]; then
      [ $((0x${mask#????????} & 0x4000)) -ne 0 ]
      return
    fi
  done 2>/dev/null <"/proc/$1/status"
  return 1
}
