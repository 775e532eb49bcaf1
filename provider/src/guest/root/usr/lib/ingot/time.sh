# The time: the kernel takes it from the hardware, and a client keeps it right where there are time servers.
# shellcheck shell=dash

# Starts the client with the servers of the machine's provider, or else those that the network told when it gave an
# address, or else those of the image.
keep_time() {
  local file server found=''
  for file in /run/ingot/ntp/provider /run/ingot/ntp/dhcp /etc/ingot/ntp; do
    [ -s "$file" ] || continue
    while read -r server; do printf 'server %s\n' "$server"; done <"$file" >/run/ingot/ntpd.conf
    found=1
    break
  done
  [ -n "$found" ] || return 0
  # Its socket, and what it has learnt of the clock.
  mkdir -p /var/lib/openntpd/run /var/lib/openntpd/db
  keep time_client -
}

# A kept process. It sets the time at once where that is far off, and then lets it drift to what is right.
time_client() {
  while :; do
    {
      ntpd -d -s -f /run/ingot/ntpd.conf 2>&1 &
      printf '%s\n' "$!"
      wait
    } | watch_time_client | keep_log ntpd >/dev/null 2>&1
    pause 10
  done
}

# Prints what the client says, whose process is the first line, and ends a client that has given up setting the time: it
# does so after 15 s without an answer, such as where the network comes late, and would let a clock that is years off
# drift.
watch_time_client() {
  local client line
  read -r client
  while read -r line; do
    printf '%s\n' "$line"
    case $line in
      *'skipping initial time setting'*) kill "$client" ;;
    esac
  done
}
