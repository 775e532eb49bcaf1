# The power button, and the way down.
# shellcheck shell=dash

# Seconds that a step of onshutdown may take.
step_limit=60
# Seconds that all services may take to stop, as plan.awk reckons.
stop_limit=10

usual_ifs=$IFS

# Waits for the power button in the background.
watch_power_button() {
  local path name
  for path in /sys/class/input/event*; do
    read -r name 2>/dev/null <"$path/device/name" || continue
    case $name in
      'Power Button' | gpio-keys) keep button "${path##*/}" ;;
    esac
  done
}

# A kept process: one struct input_event is 24 bytes where a long has 64 bits; this button has no other key.
button() {
  if dd if="/dev/input/$1" of=/dev/null bs=24 count=1 status=none; then kill -USR2 1; fi
  pause 1
}

# A machine that can be looked into stays on until somebody turns it off.
after_failure() {
  if [ -n "$debug" ]; then
    trap 'power_off poweroff' USR1 USR2
    trap 'power_off reboot' INT TERM
    say 'it stays on, since this image is for debugging; poweroff turns it off'
    while :; do pause 60; done
  fi
  power_off poweroff
}

# Stops everything in order and then does $1: `poweroff` or `reboot`.
power_off() {
  local word pid letter=o
  # The kernel keeps from PID 1 what it does not handle. What it ignores, the steps of onshutdown would ignore, too.
  trap - ALRM CHLD HUP INT TERM USR1 USR2 EXIT
  [ "$1" != reboot ] || letter=b
  revive_wanted='' look_wanted='' tell_wanted=''
  # Of whatever this came in between.
  IFS=$usual_ifs
  machine=stopping
  publish ''
  say 'stopping'
  force_after $((stop_limit + step_limit + 10)) "$letter" &
  if [ -n "$crun" ]; then
    stop_container "$step" TERM 10
    while alive "$crun"; do pause 0.02; done
    crun=
  fi
  if [ -n "$onboot_done" ]; then run_onshutdown "$step_limit"; fi
  for word in $kept; do
    case $word in
      supervisor,*) kill -TERM "${word##*,}" 2>/dev/null ;;
    esac
  done
  for word in $kept; do
    case $word in
      supervisor,*) while alive "${word##*,}"; do pause 0.02; done ;;
    esac
  done
  # For half a second at the most: it may be that nobody listens.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    alive "$reporter" || break
    pause 0.05
  done
  say "$1"
  kill -KILL -1
  force_after 20 "$letter" &
  unmount_disks
  # Until the serial line has sent the last words.
  pause 0.1
  "$1" -f
  while :; do pause 60; done
}

# Has the kernel turn the machine off by itself in $1 seconds, whatever still runs; $2 says how.
force_after() {
  pause "$1"
  printf '%s' "$2" >/proc/sysrq-trigger
}

# Unmounts what lies on disks, last mounted first. The rest is memory. A container that was killed just now may hold its
# mounts for a moment longer, on a busy host for seconds; a file system that is made read-only first is whole nevertheless.
unmount_disks() {
  local source target targets='' waits=0
  while read -r source target _; do
    case $source,$target in
      *,/) ;;
      /dev/* | *,*/ingot-log) targets="$target $targets" ;;
    esac
  done </proc/mounts
  for target in $targets; do
    until mount -o remount,ro "$target" 2>/dev/null || [ "$waits" -ge 100 ]; do
      waits=$((waits + 1))
      pause 0.05
    done
    umount "$target"
  done
}
