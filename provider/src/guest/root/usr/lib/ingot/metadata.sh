# What the machine's provider says of it, in /run/config: `provider`, `userdata`, `hostname`, `instance_id`, `region`,
# `ssh/authorized_keys` and so on, as LinuxKit lays them out. The provider is known by what the firmware says of the
# machine, so nothing is asked that is not there.
# shellcheck shell=dash

# Of EC2 and of Compute Engine.
metadata_address=169.254.169.254
# Seconds within which a provider that is known to be there must answer, where `patience` is 1.
metadata_limit=30
# As often as EC2 wants it to be asked.
spot_seconds=5

# Who brings the machine data; nothing if nobody does.
provider=
# Disks that find_seed has looked at, each after a space.
known_disks=
# Most bytes of a network configuration.
network_config_limit=65536
# Most bytes of any other file that a disk or QEMU brings: as many as Compute Engine lets user data have, which is the
# most that a provider does. It is copied to memory.
brought_limit=262144

# Leaves in `provider` who it is.
find_provider() {
  local vendor='' product='' bios=''
  read -r vendor 2>/dev/null </sys/class/dmi/id/sys_vendor
  read -r product 2>/dev/null </sys/class/dmi/id/product_name
  read -r bios 2>/dev/null </sys/class/dmi/id/bios_version
  case $vendor/$product/$bios in
    'Amazon EC2/'* | *amazon*) provider=aws ;;
    */'Google Compute Engine/'*) provider=gcp ;;
    *)
      if [ -d /sys/firmware/qemu_fw_cfg/by_name/opt/ingot ]; then
        provider=qemu
      else
        find_seed
      fi
      ;;
  esac
}

# Takes what a disk with data for this machine says of its network, into /run/ingot/network (network.sh). What is wrong
# there fails the boot; what is right for others and not understood here is not used at all, rather than in part.
read_network_config() {
  local seed=/run/ingot/seed file why status
  case $provider in
    nocloud) file=network-config ;;
    configdrive) file=openstack/latest/network_data.json ;;
    *) return 0 ;;
  esac
  if [ ! -f "$seed/$file" ] || [ ! -s "$seed/$file" ]; then return 0; fi
  [ "$(stat -L -c %s "$seed/$file")" -le "$network_config_limit" ] ||
    fail network "${file##*/} is larger than $network_config_limit bytes"
  set -- -f /usr/lib/ingot/json.awk -f /usr/lib/ingot/network.awk
  case $provider in
    nocloud) set -- "$@" -f /usr/lib/ingot/yaml.awk -f /usr/lib/ingot/network-config.awk ;;
    *) set -- "$@" -f /usr/lib/ingot/network-data.awk ;;
  esac
  why=$(awk -v into=/run/ingot/network "$@" "$seed/$file")
  status=$?
  case $status in
    0) [ -z "$why" ] || say "${file##*/}: $why" ;;
    2)
      rm -f /run/ingot/network
      say "${file##*/} is not used: $why; going on as without it"
      ;;
    *) fail network "${file##*/}: ${why:-awk ended with status $status}" ;;
  esac
}

read_metadata() {
  local file
  mkdir -p /run/config/ssh
  chmod 700 /run/config/ssh
  if [ -z "$provider" ]; then
    # A slow one.
    find_provider
    for file in network-config openstack/latest/network_data.json; do
      [ ! -s "/run/ingot/seed/$file" ] || say "${file##*/} is not used: its disk came after the network was set up"
    done
  fi
  [ -n "$provider" ] || return 0
  printf '%s\n' "$provider" >/run/config/provider
  # A service must not see the end of what it is asked before it has answered.
  mkfifo /run/ingot/request
  exec 3<>/run/ingot/request
  "read_$provider"
  exec 3>&-
  use_hostname
  [ ! -s /run/config/userdata ] || use_userdata
}

# Values that QEMU was given: -fw_cfg name=opt/ingot/user-data,file=…
read_qemu() {
  local name file from=/sys/firmware/qemu_fw_cfg/by_name/opt/ingot
  while read -r name file; do
    ! is_brought "$from/$name/raw" "$name" || cat "$from/$name/raw" >"/run/config/$file"
  done <<END
user-data userdata
hostname hostname
instance-id instance_id
region region
authorized-keys ssh/authorized_keys
END
}

# Whether there is a file $1, called $2; one that is too large fails the boot.
is_brought() {
  [ -f "$1" ] || return
  [ "$(stat -L -c %s "$1")" -le "$brought_limit" ] || fail metadata "$2 is larger than $brought_limit bytes"
}

# EC2, by IMDSv2 alone: its first version lets whoever can make the machine fetch an address read all of it.
read_aws() {
  local token='' file path life_cycle=''
  reach PUT /latest/api/token 'X-aws-ec2-metadata-token-ttl-seconds: 300'
  case $code in
    200) read -r token <"$answer" ;;
    403 | 404)
      say 'the metadata service of the machine is turned off'
      return
      ;;
    *) fail metadata "the metadata service gives no token: status $code" ;;
  esac
  while read -r file path; do
    fetch "/latest/$path" "$file" "X-aws-ec2-metadata-token: $token"
  done <<END
instance_id meta-data/instance-id
instance_type meta-data/instance-type
availability_zone meta-data/placement/availability-zone
region meta-data/placement/region
hostname meta-data/hostname
local_hostname meta-data/local-hostname
local_ipv4 meta-data/local-ipv4
public_ipv4 meta-data/public-ipv4
life_cycle meta-data/instance-life-cycle
ssh/authorized_keys meta-data/public-keys/0/openssh-key
userdata user-data
END
  printf '169.254.169.123\n' >/run/ingot/ntp/provider
  read -r life_cycle 2>/dev/null </run/config/life_cycle
  [ "$life_cycle" != spot ] || keep spot_notice -
}

# A kept process: turns the machine off in order when EC2 says that it takes it away, which it does two minutes before.
spot_notice() {
  local token
  exec 3<>/run/ingot/request
  while :; do
    pause "$spot_seconds"
    ask PUT /latest/api/token 'X-aws-ec2-metadata-token-ttl-seconds: 60' || continue
    token=
    read -r token <"$answer"
    ask GET /latest/meta-data/spot/instance-action "X-aws-ec2-metadata-token: $token" || continue
    [ "$code" = 200 ] || continue
    say 'EC2 takes this spot instance away'
    kill -USR2 1
    return
  done
}

# Compute Engine.
read_gcp() {
  local zone='' project='' file path line
  reach GET /computeMetadata/v1/instance/id 'Metadata-Flavor: Google'
  [ "$code" = 200 ] || fail metadata "the metadata service does not tell the machine's id: status $code"
  while read -r file path; do
    # What two places can say, the first of them says.
    [ -s "/run/config/$file" ] || fetch "/computeMetadata/v1/$path" "$file" 'Metadata-Flavor: Google'
  done <<END
instance_id instance/id
instance_type instance/machine-type
availability_zone instance/zone
hostname instance/hostname
local_ipv4 instance/network-interfaces/0/ip
public_ipv4 instance/network-interfaces/0/access-configs/0/external-ip
userdata instance/attributes/user-data
userdata instance/attributes/userdata
ssh/keys instance/attributes/ssh-keys
ssh/project_keys project/attributes/ssh-keys
ssh/block_project instance/attributes/block-project-ssh-keys
END
  # projects/NUMBER/zones/REGION-LETTER; these files end without a newline, and `read` with them.
  for file in instance_type availability_zone; do
    [ -s "/run/config/$file" ] || continue
    read -r zone <"/run/config/$file"
    printf '%s\n' "${zone##*/}" >"/run/config/$file"
  done
  zone=${zone##*/}
  printf '%s\n' "${zone%-*}" >/run/config/region
  read -r project 2>/dev/null </run/config/ssh/block_project
  case $project in
    [Tt][Rr][Uu][Ee]) rm -f /run/config/ssh/project_keys ;;
  esac
  # Each line is USER:KEY; keys that end at some time would not.
  for file in /run/config/ssh/keys /run/config/ssh/project_keys; do
    while read -r line || [ -n "$line" ]; do
      case $line in
        *google-ssh*) ;;
        *:*) printf '%s\n' "${line#*:}" ;;
      esac
    done 2>/dev/null <"$file"
  done >/run/config/ssh/authorized_keys
  rm -f /run/config/ssh/keys /run/config/ssh/project_keys /run/config/ssh/block_project
  printf '%s\n' "$metadata_address" >/run/ingot/ntp/provider
}

# Asks until there is an answer: the service may need a moment, and the network as well.
reach() {
  local now end limit=$((metadata_limit * patience))
  read -r now _ </proc/uptime
  end=$((${now%.*} + limit))
  until ask "$@"; do
    read -r now _ </proc/uptime
    [ "${now%.*}" -lt "$end" ] || fail metadata "$metadata_address does not answer for $2 within $limit s"
    pause 0.2
  done
}

# Keeps what is at $1 as /run/config/$2; asks with the header $3. What is not there leaves no file.
fetch() {
  reach GET "$1" "$3"
  case $code in
    200) ;;
    404) return ;;
    *) fail metadata "$metadata_address answers for $1 with status $code" ;;
  esac
  mv "$answer" "/run/config/$2"
}

# One request, $1, for $2 with the header $3: leaves its status in `code` and its body in the file `answer`. False if there
# was none, or not all of it. HTTP 1.0, so that it comes in one piece.
ask() {
  local line return length=''
  return=$(printf '\r')
  answer=/run/ingot/answer
  code=
  printf '%s %s HTTP/1.0\r\nHost: %s\r\n%s\r\n\r\n' "$1" "$2" "$metadata_address" "$3" >&3
  timeout 10 nc -w 3 "$metadata_address" 80 <&3 >/run/ingot/raw 2>/dev/null
  {
    read -r line || return
    case $line in
      HTTP/1.*) line=${line#* } ;;
      *) return 1 ;;
    esac
    code=${line%% *}
    code=${code%"$return"}
    while read -r line; do
      line=${line%"$return"}
      case $line in
        '') break ;;
        [Cc]ontent-[Ll]ength:*) length=${line##*[: ]} ;;
      esac
    done
    cat >"$answer"
  } </run/ingot/raw
  [ -z "$length" ] || [ "$(stat -c %s "$answer")" = "$length" ]
}

# Leaves in `provider` whether a disk brings data for this machine: one labelled CIDATA (NoCloud) or config-2
# (OpenStack).
find_seed() {
  local disk label
  for disk in /sys/block/*; do
    case ${disk##*/} in
      loop* | dm-* | ram* | zram*) continue ;;
    esac
    case "$known_disks " in
      *" $disk "*) continue ;;
    esac
    known_disks="$known_disks $disk"
    set -- "$disk"/*/partition
    [ ! -e "$1" ] || continue
    # The label of the primary volume descriptor (ECMA-119, 8.4.7): in sector 16 of 2048 bytes, at byte 40.
    label=$(dd if="/dev/${disk##*/}" bs=1 skip=32808 count=8 status=none 2>/dev/null | tr -d '\0')
    case $label in
      [Cc][Ii][Dd][Aa][Tt][Aa]*) provider=nocloud ;;
      [Cc][Oo][Nn][Ff][Ii][Gg]-2) provider=configdrive ;;
      *) continue ;;
    esac
    mkdir -p /run/ingot/seed
    mount -t iso9660 -o ro,nosuid,nodev,noexec "/dev/${disk##*/}" /run/ingot/seed ||
      fail metadata "cannot mount the CD with data for this machine, ${disk##*/}"
    return
  done
}

read_nocloud() {
  local line keys='' from=/run/ingot/seed
  ! is_brought "$from/user-data" user-data || cat "$from/user-data" >/run/config/userdata
  is_brought "$from/meta-data" meta-data
  while read -r line || [ -n "$line" ]; do
    case $line in
      instance-id:*) printf '%s\n' "$(yaml_text "${line#*:}")" >/run/config/instance_id ;;
      local-hostname:* | hostname:*) printf '%s\n' "$(yaml_text "${line#*:}")" >/run/config/hostname ;;
      public-keys:*) keys=1 ;;
      '- '*) [ -z "$keys" ] || yaml_text "${line#-}" ;;
      *) keys='' ;;
    esac
  done 2>/dev/null <"$from/meta-data" >/run/config/ssh/authorized_keys
  umount "$from"
}

# Prints a YAML scalar of one line without the quotes and the space around it.
yaml_text() {
  local text="$1"
  text=${text#"${text%%[! ]*}"}
  case $text in
    \"*\" | \'*\')
      text=${text#?}
      text=${text%?}
      ;;
  esac
  printf '%s\n' "$text"
}

read_configdrive() {
  local from=/run/ingot/seed/openstack/latest
  ! is_brought "$from/user_data" user_data || cat "$from/user_data" >/run/config/userdata
  ! is_brought "$from/meta_data.json" meta_data.json ||
    awk -v into=/run/config -f /usr/lib/ingot/json.awk -f /usr/lib/ingot/openstack.awk "$from/meta_data.json" ||
    fail metadata 'meta_data.json of the config drive is not valid JSON'
  umount /run/ingot/seed
}

# The machine has the name that its provider gives it.
use_hostname() {
  local hostname=''
  read -r hostname 2>/dev/null </run/config/hostname || [ -n "$hostname" ] || return 0
  case $hostname in
    '' | *[!a-zA-Z0-9.-]*) fail metadata "the provider gives no valid host name: $hostname" ;;
  esac
  # As many as the kernel takes; Compute Engine gives whole domain names.
  [ ${#hostname} -le 64 ] || hostname=${hostname%%.*}
  printf '%s\n' "$hostname" >/proc/sys/kernel/hostname
}

# User data that is an object of files and folders is laid out, as LinuxKit does; any other is for who knows it.
use_userdata() {
  local why first=''
  read -r first </run/config/userdata
  case $first in
    '{'*) ;;
    *) return 0 ;;
  esac
  why=$(
    umask 077
    awk -v into=/run/config -f /usr/lib/ingot/json.awk -f /usr/lib/ingot/userdata.awk /run/config/userdata
  )
  case $? in
    0 | 2) ;;
    *) fail metadata "user data: $why" ;;
  esac
}
