# Data disks, as the image's spec names them: found, formatted if they are empty, checked, mounted, grown.
# shellcheck shell=dash

# Seconds within which a disk must have come.
disk_limit=30

mount_disks() {
  local label serial path mount filesystem need log_bytes
  [ -e /etc/ingot/disks ] || return 0
  while read -r label serial path mount filesystem need log_bytes <&4; do
    use_disk && continue
    [ ! -s /run/log/disks.log ] || tail -n 20 /run/log/disks.log >/dev/console
    [ "$need" = optional ] || fail disks "$problem"
    say "no disk for $mount: $problem"
  done 4</etc/ingot/disks
}

# The disk of one line of etc/ingot/disks, whose fields are variables of the caller. `problem` says what is wrong.
use_disk() {
  local device='' status
  : >/run/log/disks.log
  wait_for_disk || return
  if ! holds_ext4 "$device"; then
    problem="${device#/dev/} holds something that is not $filesystem, and is not empty; it is not formatted"
    is_empty "$device" || return
    problem="cannot format ${device#/dev/}"
    say "formatting ${device#/dev/} for $mount"
    set --
    [ "$label" = - ] || set -- -L "$label"
    # With its path: busybox has one of its own, which knows ext2 alone.
    /usr/sbin/mke2fs -q -t "$filesystem" -E nodiscard,lazy_itable_init=1,lazy_journal_init=1 "$@" "$device" \
      >/run/log/disks.log 2>&1 || return
  else
    e2fsck -p "$device" >/run/log/disks.log 2>&1
    status=$?
    # 1 and 2: what was wrong is right now (e2fsck(8)).
    if [ "$status" -ge 4 ]; then
      problem="the file system of ${device#/dev/} is damaged, and e2fsck does not repair it without being asked"
      return 1
    fi
  fi
  problem="cannot mount ${device#/dev/} on $mount"
  mkdir -p "$mount" && mount -t "$filesystem" -o nodev "$device" "$mount" || return
  problem="cannot grow the file system of ${device#/dev/}"
  resize2fs "$device" >/run/log/disks.log 2>&1 || return
  [ -n "$log_bytes" ] || return 0
  problem="cannot keep logs on ${device#/dev/}"
  keep_logs_in "$mount/ingot-log" "$log_bytes"
}

# Leaves the device of the disk in `device`.
wait_for_disk() {
  local now end
  read -r now _ </proc/uptime
  end=$((${now%.*} + disk_limit))
  until find_disk; do
    read -r now _ </proc/uptime
    [ "${now%.*}" -lt "$end" ] || return 1
    # shellcheck disable=SC2119 # nothing but what devices ask for
    load_modules || pause 0.05
  done
}

find_disk() {
  local word
  if [ "$path" != - ]; then
    problem="there is no $path"
    device=$path
    [ -b "$path" ]
  elif [ "$serial" != - ]; then
    problem="there is no disk that says that it is $serial"
    find_serial
  else
    problem="there is no disk with a file system labelled $label, and none that is empty"
    find_label || find_empty
  fi
}

# Serial numbers of virtio and NVMe disks; identifiers of SCSI disks, of which the last word is what a cloud names it.
find_serial() {
  local file text
  for file in /sys/block/*/serial /sys/block/*/device/serial /sys/block/*/device/wwid; do
    text=
    # Some end without a newline, some with spaces.
    read -r text 2>/dev/null <"$file"
    case $text in
      "$serial" | *[!A-Za-z0-9_.-]"$serial" | *.."$serial") ;;
      *) continue ;;
    esac
    file=${file#/sys/block/}
    device=/dev/${file%%/*}
    return 0
  done
  return 1
}

find_label() {
  local rest="$label" hex='' char file
  while [ -n "$rest" ]; do
    char=${rest%"${rest#?}"}
    hex=$hex$(printf '%02x' "'$char")
    rest=${rest#?}
  done
  # Zeros up to its 16 bytes.
  while [ ${#hex} -lt 32 ]; do hex=${hex}00; done
  for file in /sys/class/block/*; do
    device=/dev/${file##*/}
    is_candidate && holds_ext4 "$device" && [ "$ext4_label" = "$hex" ] && return 0
  done
  return 1
}

# The one disk that has nothing on it: which of two was meant, nobody could say.
find_empty() {
  local file found=''
  for file in /sys/block/*; do
    device=/dev/${file##*/}
    if ! is_candidate || ! is_empty "$device"; then continue; fi
    if [ -n "$found" ]; then
      problem="${found#/dev/} and ${device#/dev/} are both empty, and none has the label $label; name one by its serial \
number"
      return 1
    fi
    found=$device
  done
  device=$found
  [ -n "$found" ]
}

# Of what is made of other devices nothing is read: the blocks of a checked root that nobody reads may hold anything.
is_candidate() {
  local sectors=0
  case $device in
    /dev/dm-* | /dev/loop* | /dev/ram* | /dev/zram* | /dev/sr*) return 1 ;;
  esac
  read -r sectors <"$file/size" && [ "$sectors" -gt 0 ]
}

# True if device $1 holds an ext4 or one of its elders, by the number at byte 1080 (the kernel's ext4/super.rst); leaves
# its label, 16 bytes from byte 1144 on, in `ext4_label`, in hex.
holds_ext4() {
  local hex
  ext4_label=
  hex=$(hexdump -v -s 1080 -n 80 -e '80/1 "%02x"' "$1")
  case $hex in
    53ef*) ext4_label=${hex#"${hex%????????????????????????????????}"} ;;
    *) return 1 ;;
  esac
}

# True if the first and the last megabyte of disk $1 are zeros: whatever uses a disk begins or ends there.
is_empty() {
  local sectors=0 name="${1#/dev/}"
  read -r sectors <"/sys/class/block/$name/size"
  [ "$sectors" -ge 4096 ] || return 1
  dd if="$1" bs=1048576 count=1 status=none 2>/dev/null | cmp -s -n 1048576 - /dev/zero || return 1
  dd if="$1" bs=1048576 skip=$((sectors / 2048 - 1)) status=none 2>/dev/null | cmp -s -n 1048576 - /dev/zero
}
