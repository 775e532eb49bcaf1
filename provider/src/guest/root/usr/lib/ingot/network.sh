# The network: every ethernet interface gets its address by DHCP; an IPv6 one comes from the router, by the kernel.
# shellcheck shell=dash

# Returns when each interface has an address or has waited long enough; who has none goes on asking in the background.
start_network() {
  local path interface type interfaces='' pids='' pid hostname=''
  ip link set lo up
  read -r hostname 2>/dev/null </etc/hostname
  for path in /sys/class/net/*; do
    interface=${path##*/}
    # ARPHRD_ETHER; only real devices have a `device`.
    if ! read -r type <"$path/type" || [ "$type" != 1 ] || [ ! -e "$path/device" ]; then continue; fi
    ip link set "$interface" up
    udhcpc -i "$interface" -b -t 8 -T 1 -A 10 -O ntpsrv -s /usr/lib/ingot/dhcp ${hostname:+-x "hostname:$hostname"} \
      >/dev/null 2>&1 &
    pids="$pids $!"
    interfaces="$interfaces $interface"
  done
  for pid in $pids; do wait "$pid"; done
  for interface in $interfaces; do
    [ -e "/run/ingot/lease/$interface" ] || say "no DHCP lease on $interface yet; going on without"
  done
}
