# The power button, and the way down.
# shellcheck shell=dash

# Seconds after which the kernel turns the machine off by itself, whatever still runs.
power_off_limit=20

# Waits for the power button in the background.
watch_power_button() {
  local path name
  for path in /sys/class/input/event*; do
    read -r name 2>/dev/null <"$path/device/name" || continue
    case $name in
      'Power Button' | gpio-keys) wait_for_key "/dev/input/${path##*/}" & ;;
    esac
  done
}

# One struct input_event, 24 bytes where a long has 64 bits; this button has no other key.
wait_for_key() {
  dd if="$1" of=/dev/null bs=24 count=1 status=none && kill -USR2 1
}

# Stops everything in order and then does $1: `poweroff` or `reboot`.
power_off() {
  local name pid reversed='' letter=o
  trap '' ALRM CHLD HUP INT TERM USR1 USR2
  trap - EXIT
  [ "$1" != reboot ] || letter=b
  (
    pause "$power_off_limit"
    printf '%s' "$letter" >/proc/sysrq-trigger
  ) &
  say 'stopping'
  for name in $services; do reversed="$name $reversed"; done
  for name in $reversed; do
    if read -r pid 2>/dev/null <"/run/ingot/supervisor/$name"; then kill -TERM "$pid" 2>/dev/null; fi
  done
  if [ -n "$crun" ]; then
    stop_container "$onboot"
    while alive "$crun"; do pause 0.02; done
  fi
  for name in $reversed; do
    read -r pid 2>/dev/null <"/run/ingot/supervisor/$name" || continue
    while alive "$pid"; do pause 0.02; done
  done
  # For half a second at the most: it may be that nobody listens.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    alive "$reporter" || break
    pause 0.05
  done
  say "$1"
  kill -KILL -1
  unmount_disks
  "$1" -f
  while :; do pause 60; done
}

# Unmounts what lies on disks, last mounted first. The rest is memory.
unmount_disks() {
  local source target targets=''
  while read -r source target _; do
    case $source in
      /dev/*) targets="$target $targets" ;;
    esac
  done </proc/mounts
  for target in $targets; do umount -r "$target"; done
}
