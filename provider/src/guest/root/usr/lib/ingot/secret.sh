# Secrets: files in memory that one container sees, and no other.
# shellcheck shell=dash disable=SC2154 # plan.awk sets what the plan says

# Lays the secrets of container $1, such as services/web, into the folder that it has mounted. Where one is missing,
# `problem` says which. They come from /run/secrets, where a step of onboot puts them, or from the hypervisor.
give_secrets() {
  local folder="/run/ingot/secrets/$1" secret sources=''
  [ -n "$secrets" ] || return 0
  # A container that is started again finds what it had.
  [ ! -e "$folder.given" ] || return 0
  for secret in $secrets; do
    find_secret "$secret" || return
    sources="$sources $source"
  done
  problem='cannot lay its secrets into memory'
  mkdir -p "$folder" || return
  mount -t tmpfs -o "nosuid,nodev,noexec,size=16m,mode=500,uid=$secret_uid,gid=$secret_gid" tmpfs "$folder" || return
  # shellcheck disable=SC2086 # one argument per word; names have no spaces
  set -- $secrets
  for source in $sources; do
    install -m 400 -o "$secret_uid" -g "$secret_gid" "$source" "$folder/$1" || return
    shift
  done
  : >"$folder.given"
}

# Leaves in `source` where secret $1 is.
find_secret() {
  source=/run/secrets/$1
  [ ! -f "$source" ] || return 0
  source=/sys/firmware/qemu_fw_cfg/by_name/opt/ingot/secrets/$1/raw
  [ ! -e "$source" ] || return 0
  problem="secret $1 is missing: it is neither at /run/secrets/$1 nor at opt/ingot/secrets/$1 of the hypervisor"
  return 1
}
