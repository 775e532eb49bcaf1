# The network: what the machine's provider says of each ethernet card, or else the image, or else DHCP. IPv6 addresses
# that a router announces the kernel takes by itself.
#
# /run/ingot/network (of the provider) and /etc/ingot/network (of the image) have a fact in each line: a card, by its MAC
# address or its name, or a dash for the machine; and then
#   mtu BYTES   address ADDRESS/BITS   route TO VIA METRIC|- onlink|-   dhcp4 on|off   dhcp6 on
#   nameserver ADDRESS   search DOMAIN
# shellcheck shell=dash

# shellcheck source=usr/lib/ingot/resolv.sh
. /usr/lib/ingot/resolv.sh

# Seconds within which all cards must have what they wait for; who has not goes on asking, and the boot goes on.
network_limit=9
# What is waited for: files of leases, and names of cards that have addresses of their own.
awaited=

start_network() {
  local path card type mac='' cards='' word now end
  find_provider
  read_network_config
  ip link set lo up
  for path in /sys/class/net/*; do
    card=${path##*/}
    # ARPHRD_ETHER; only real devices have a `device`.
    if ! read -r type <"$path/type" || [ "$type" != 1 ] || [ ! -e "$path/device" ]; then continue; fi
    read -r mac <"$path/address"
    cards="$cards $card $mac"
    set_up_card "$card" "$mac"
  done
  require_cards "$cards"
  use_names
  read -r now _ </proc/uptime
  end=$((${now%.*} + network_limit))
  for word in $awaited; do
    until has_come "$word"; do
      read -r now _ </proc/uptime
      [ "${now%.*}" -lt "$end" ] || break
      pause 0.01
    done
    if has_come "$word"; then say_taken "$word"; else say_missing "$word"; fi
  done
  # Also where there is no lease.
  write_resolv_conf
}

# Sets the card $1 up, whose MAC address is $2.
set_up_card() {
  local file='' who='' card key to via metric onlink dhcp4=on dhcp6=off own='' problem
  find_facts "$2" "$1"
  if [ -n "$who" ]; then
    # Routes need a card that is up.
    while read -r card key to _; do
      [ "$card" = "$who" ] || continue
      case $key in
        mtu) problem=$(ip link set "$1" mtu "$to" 2>&1) || fail network "$1 does not take packets of $to bytes: $problem" ;;
        address)
          own=1
          case $to in
            *:*) problem=$(ip addr add "$to" dev "$1" 2>&1) ;;
            *) problem=$(ip addr add "$to" brd + dev "$1" 2>&1) ;;
          esac || fail network "$1 does not take the address $to: $problem"
          ;;
        dhcp4) dhcp4=$to ;;
        dhcp6) dhcp6=$to ;;
      esac
    done <"$file"
  fi
  ip link set "$1" up
  if [ -n "$who" ]; then
    while read -r card key to via metric onlink; do
      [ "$card $key" = "$who route" ] || continue
      add_route "$1" || fail network "$1 does not take the route to $to by $via: $problem"
    done <"$file"
  fi
  if [ "$dhcp4" = on ]; then
    keep dhcp_client "$1"
    awaited="$awaited /run/ingot/lease/$1"
  fi
  if [ "$dhcp6" = on ]; then
    keep dhcp6_client "$1"
    awaited="$awaited /run/ingot/lease/$1:6"
  fi
  [ -z "$own" ] || awaited="$awaited $1"
}

# Leaves in `file` and `who` where something is said of the card with one of the names $*, and by which: the provider's
# word is before the image's, and a MAC address before a name.
find_facts() {
  local name card
  for file in /run/ingot/network /etc/ingot/network; do
    [ -e "$file" ] || continue
    for name in "$@"; do
      while read -r card _; do
        [ "$card" != "$name" ] || who=$name
      done <"$file"
      [ -z "$who" ] || return 0
    done
  done
}

# Adds to the card $1 the route that `to`, `via`, `metric` and `onlink` say. False if the kernel refuses it; `problem` says
# why.
add_route() {
  local card="$1" family=4
  # Those of several cards can stand beside each other, and before those that routers announce.
  [ "$metric" != - ] || read -r metric <"/sys/class/net/$card/ifindex"
  case $via in
    *:*) family=6 ;;
  esac
  set -- "$to" via "$via" dev "$card" metric "$metric"
  [ "$onlink" != onlink ] || set -- "$@" onlink
  problem=$(ip "-$family" route add "$@" 2>&1)
}

# Makes sure that all cards that something is said of are among $1. The image must be right; of the provider's, those that
# are not there are said.
require_cards() {
  local file card missing
  for file in /run/ingot/network /etc/ingot/network; do
    [ -e "$file" ] || continue
    missing=
    while read -r card _; do
      case "- $1$missing " in
        *" $card "* | "$card "*) ;;
        *) missing="$missing $card" ;;
      esac
    done <"$file"
    [ -n "$missing" ] || continue
    [ "$file" = /run/ingot/network ] || fail network "the image sets up network cards that are not there:$missing; there are:${1:- none}"
    say "the provider says how to set up network cards that are not there:$missing; there are:${1:- none}"
  done
}

# Name servers and search domains that are not of DHCP.
use_names() {
  local key file line card name domains=''
  # A colon comes before all names of cards.
  for file in /run/ingot/network /etc/ingot/network; do
    [ -e "$file" ] || continue
    while read -r card key name; do
      [ "$card $key" != '- nameserver' ] || printf 'nameserver %s\n' "$name"
    done <"$file" >/run/ingot/resolv/:
    [ ! -s /run/ingot/resolv/: ] || break
  done
  for file in /run/ingot/network /etc/ingot/network; do
    [ -e "$file" ] || continue
    while read -r card key name; do
      [ "$card $key" != '- search' ] || domains="$domains $name"
    done <"$file"
    [ -z "$domains" ] || break
  done
  [ -z "$domains" ] || printf 'search%s\n' "$domains" >>/run/ingot/resolv/:
}

# True if what is waited for, $1, has come.
has_come() {
  local link='' scope flags card
  case $1 in
    /*) [ -e "$1" ] ;;
    *)
      read -r link 2>/dev/null <"/sys/class/net/$1/carrier"
      [ "$link" = 1 ] || return 1
      # The kernel asks for a second or so whether another machine has an IPv6 address (IFA_F_TENTATIVE, 0x40), which
      # cannot be used before. If one has it (IFA_F_DADFAILED, 0x08), it stays like that.
      while read -r _ _ _ scope flags card; do
        if [ "$card $scope" = "$1 00" ] && [ $((0x$flags & 0x48)) -eq $((0x40)) ]; then return 1; fi
      done 2>/dev/null </proc/net/if_inet6
      # A kernel without IPv6 has no such file.
      return 0
      ;;
  esac
}

say_missing() {
  local card=${1##*/}
  case $1 in
    /*:6) say "no DHCPv6 lease on ${card%:6} yet; going on without" ;;
    /*) say "no DHCP lease on $card yet; going on without" ;;
    *) say "$card has no link yet; going on without" ;;
  esac
}

# Says which IPv6 addresses of the card $1 cannot be used, since another machine has them.
say_taken() {
  local digits flags card address
  while read -r digits _ _ _ flags card; do
    if [ "$card" != "$1" ] || [ $((0x$flags & 0x08)) -eq 0 ]; then continue; fi
    address=
    while [ -n "$digits" ]; do
      address="$address${address:+:}${digits%"${digits#????}"}"
      digits=${digits#????}
    done
    say "another machine has the IPv6 address $address of $card"
  done 2>/dev/null </proc/net/if_inet6
}

# A kept process.
dhcp_client() {
  local hostname=''
  read -r hostname 2>/dev/null </etc/hostname
  begin_client "/run/ingot/lease/$1"
  exec udhcpc -f -i "$1" -t 8 -T 1 -A 10 -O ntpsrv -s /usr/lib/ingot/dhcp ${hostname:+-x "hostname:$hostname"} \
    >/dev/null 2>&1
}

# A kept process. It speaks from the link-local address of its card, which it takes as it finds it when it starts.
dhcp6_client() {
  local scope flags card ready=''
  while [ -z "$ready" ]; do
    while read -r _ _ _ scope flags card; do
      if [ "$card $scope" = "$1 20" ] && [ $((0x$flags & 0x40)) -eq 0 ]; then ready=1; fi
    done 2>/dev/null </proc/net/if_inet6
    [ -n "$ready" ] || pause 0.1
  done
  begin_client "/run/ingot/lease/$1:6"
  exec udhcpc6 -f -i "$1" -t 8 -T 1 -A 10 -s /usr/lib/ingot/dhcp6 >/dev/null 2>&1
}

# Lets the script of a client know that it only begins (see `dhcp`).
begin_client() {
  # One that ends each time does not keep the machine busy.
  [ "$phase" = network ] || pause 1
  printf '1' >"$1:began"
}
