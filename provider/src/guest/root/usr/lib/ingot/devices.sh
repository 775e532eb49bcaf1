# From the kernel's start to devices with drivers.
# shellcheck shell=dash

# Mounts /proc, /sys, /dev and /run, and makes sure that the kernel has unpacked all that it was given.
mount_devices() {
  # Until /proc is there, busybox cannot find itself and must be called by its path.
  /usr/bin/busybox mount -t proc -o nosuid,nodev,noexec proc /proc || fail kernel 'cannot mount /proc'
  read_command_line
  mark kernel
  mount -a -T /usr/lib/ingot/fstab.devices || fail kernel 'cannot mount /sys, /dev and /run'
  # The kernel command line may name a console that the machine does not have. Then there is nobody to speak to.
  true 2>/dev/null >/dev/console || mount --bind /dev/null /dev/console
  exec </dev/null >/dev/console 2>&1
  case $(dmesg) in
    # The kernel itself goes on with the files that it could unpack.
    *'Initramfs unpacking failed'*) fail kernel 'initramfs unpacking failed: image damaged, or too little memory' ;;
  esac
}

# What the devices called themselves when drivers were last loaded.
aliases=

# Loads the drivers of devices that have come since the last time, and the modules $*. False if there was nothing to do.
# shellcheck disable=SC2120
load_modules() {
  local file alias now=''
  for file in /sys/bus/*/devices/*/modalias; do
    read -r alias 2>/dev/null <"$file" && now="$now $alias"
  done
  [ "$now $*" != "$aliases " ] || return 1
  aliases=$now
  # shellcheck disable=SC2086 # one argument per word
  modprobe -a -b -q "$@" $now
  return 0
}
